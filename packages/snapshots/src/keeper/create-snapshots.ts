import { ConfigurationError } from '@millrace/contracts'
import type {
  SnapshotChecksumAlgorithm,
  SnapshotCompression,
  SnapshotSealing,
  SnapshotStore,
} from '@millrace/contracts'

import { checkThreshold } from '../policy/define-snapshots.ts'
import type { FoldRules, SnapshotDefinition } from '../policy/define-snapshots.ts'
import { StateCodec } from '../state/state-codec.ts'
import { FactTeller } from './snapshot-fact.ts'
import type { SnapshotFact } from './snapshot-fact.ts'
import { Snapshots } from './snapshots.ts'

/** Settings of {@link createSnapshots}. */
export interface SnapshotsOptions {
  /** Stays open when the snapshots are disposed. */
  readonly store: SnapshotStore
  /** Events from one snapshot to the next, 0 to 1,000,000; 0: none by itself. A definition's own wins. @defaultValue 100 */
  readonly threshold?: number
  /** How many snapshots of a stream are kept, 0 to 10,000; 0: all. @defaultValue 10 */
  readonly retention?: number
  /** Of new snapshots; old ones are checked by what they were written with, md5 too. @defaultValue `'sha256'` */
  readonly checksum?: Exclude<SnapshotChecksumAlgorithm, 'md5'>
  /** Of new snapshots. @defaultValue false */
  readonly compression?: false | Exclude<SnapshotCompression, 'none'>
  /** Without it, a stream with encrypted events has no snapshots. @defaultValue none */
  readonly sealing?: SnapshotSealing
  /** Told what happens. @defaultValue nobody */
  readonly onFact?: (fact: SnapshotFact) => void
  /** Current time in epoch milliseconds. @defaultValue `Date.now` */
  readonly now?: () => number
}

const defaults = {
  threshold: 100,
  retention: 10,
  checksum: 'sha256',
  compression: false,
  now: Date.now,
} as const satisfies Partial<SnapshotsOptions>

function checkSettings({
  threshold,
  retention,
  checksum,
  compression,
}: Required<Pick<SnapshotsOptions, 'threshold' | 'retention' | 'checksum' | 'compression'>>): void {
  checkThreshold('threshold', threshold)
  if (!Number.isSafeInteger(retention) || retention < 0 || retention > 10_000)
    throw new ConfigurationError('retention', 'must be a whole number of snapshots from 0 to 10000')
  if (!['sha256', 'xxhash64'].includes(checksum))
    throw new ConfigurationError('checksum', "must be 'sha256' or 'xxhash64'; md5 is only read")
  if (![false, 'gzip', 'zstd'].includes(compression))
    throw new ConfigurationError('compression', "must be false, 'gzip' or 'zstd'")
}

/**
 * Binds a definition to a store of snapshots. Give the result to `createAggregates`, once for each kind of aggregate and
 * process; dispose it at the end, so that a snapshot that is being saved is saved.
 *
 * @throws {@link ConfigurationError} naming the setting
 */
export function createSnapshots<State, Rules extends FoldRules<State>>(
  definition: SnapshotDefinition<State, Rules>,
  options: SnapshotsOptions,
): Snapshots<State> {
  const settings = { ...defaults, ...options }
  const { store, retention, checksum, compression, sealing, onFact, now } = settings
  checkSettings(settings)
  return new Snapshots<State>({
    definition,
    store,
    threshold: definition.threshold ?? settings.threshold,
    retention,
    facts: new FactTeller(onFact),
    codec: new StateCodec(definition, {
      checksum,
      compression: compression === false ? 'none' : compression,
      sealing,
      now,
    }),
  })
}
