import { ConfigurationError } from '@millrace/contracts'

import { chooseSetting, readNumber, readVariable } from './setting.ts'
import type { Environment, Setting } from './setting.ts'

/** Where snapshots can be kept. */
export const snapshotStores = ['database', 'jetstream', 'files'] as const

/** One of {@link snapshotStores}. */
type SnapshotStoreName = (typeof snapshotStores)[number]

/** What new snapshots are checked by. */
export const snapshotChecksums = ['sha256', 'xxhash64'] as const

/** One of {@link snapshotChecksums}. */
type SnapshotChecksumName = (typeof snapshotChecksums)[number]

/** How new snapshots may be compressed. */
export const snapshotCompressions = ['gzip', 'zstd'] as const

/** False, or one of {@link snapshotCompressions}. */
type SnapshotCompressionName = false | (typeof snapshotCompressions)[number]

/** The settings of snapshots. */
export interface SnapshotSettings {
  /** Where snapshots are kept. */
  readonly snapshotStore: Setting<SnapshotStoreName>
  /** `snapshot.threshold`: events from one snapshot to the next; 0: none by itself. */
  readonly snapshotThreshold: Setting<number>
  /** `snapshot.checksum_algorithm`: of new snapshots. */
  readonly snapshotChecksumAlgorithm: Setting<SnapshotChecksumName>
  /** `snapshot.compression`: of new snapshots. */
  readonly snapshotCompression: Setting<SnapshotCompressionName>
  /** `snapshot.retention_count`: how many of a stream are kept; 0: all. */
  readonly snapshotRetentionCount: Setting<number>
}

/** The settings of snapshots a definition may fix in code. */
export interface SnapshotSettingsInCode {
  /**
   * `database`: where the state is. `jetstream`: a KV bucket `<natsStream>_snapshots`; needs `natsUrl`. `files`: a folder
   * `snapshots` in the data folder. @defaultValue `'database'`
   */
  readonly snapshotStore?: SnapshotStoreName
  /** Events from one snapshot to the next, 0 to 1,000,000; 0: none by itself. @defaultValue 100 */
  readonly snapshotThreshold?: number
  /** @defaultValue `'sha256'` */
  readonly snapshotChecksumAlgorithm?: SnapshotChecksumName
  /** @defaultValue false */
  readonly snapshotCompression?: SnapshotCompressionName
  /** How many snapshots of a stream are kept, 0 to 10,000; 0: all. @defaultValue 10 */
  readonly snapshotRetentionCount?: number
}

/** The range of `snapshot.threshold`. */
export const snapshotThresholdRange: readonly [number, number] = [0, 1_000_000]
/** The range of `snapshot.retention_count`. */
export const snapshotRetentionRange: readonly [number, number] = [0, 10_000]

function readOneOf<Name extends string>(
  env: Environment,
  variable: string,
  names: readonly Name[],
): Name | undefined {
  const text = readVariable(env, variable)
  const known = names.find((name) => name === text)
  if (text === undefined || known !== undefined) return known
  throw new ConfigurationError(variable, `must be ${names.join(' or ')}, is ${JSON.stringify(text)}`)
}

function readCompression(env: Environment, variable: string): SnapshotCompressionName | undefined {
  const name = readOneOf(env, variable, ['false', ...snapshotCompressions])
  return name === 'false' ? false : name
}

function chosenStore(
  code: SnapshotSettingsInCode,
  env: Environment,
  natsUrl: Setting<string | undefined>,
): Setting<SnapshotStoreName> {
  const variable = 'MILLRACE_SNAPSHOT_STORE'
  const store = chooseSetting<SnapshotStoreName>({
    variable,
    option: undefined,
    environment: readOneOf(env, variable, snapshotStores),
    code: code.snapshotStore,
    fallback: 'database',
  })
  if (store.value === 'jetstream' && natsUrl.value === undefined)
    throw new ConfigurationError(variable, `jetstream needs a server; ${natsUrl.variable} is not set`)
  return store
}

/**
 * Brings environment, code and default of the settings of snapshots together.
 * @throws {@link ConfigurationError} naming the variable
 */
export function resolveSnapshotSettings(
  code: SnapshotSettingsInCode,
  env: Environment,
  natsUrl: Setting<string | undefined>,
): SnapshotSettings {
  const threshold = 'MILLRACE_SNAPSHOT_THRESHOLD'
  const checksum = 'MILLRACE_SNAPSHOT_CHECKSUM_ALGORITHM'
  const compression = 'MILLRACE_SNAPSHOT_COMPRESSION'
  const retention = 'MILLRACE_SNAPSHOT_RETENTION_COUNT'
  const option = undefined
  return {
    snapshotStore: chosenStore(code, env, natsUrl),
    snapshotThreshold: chooseSetting({
      variable: threshold,
      option,
      environment: readNumber(env, threshold, snapshotThresholdRange),
      code: code.snapshotThreshold,
      fallback: 100,
    }),
    snapshotChecksumAlgorithm: chooseSetting<SnapshotChecksumName>({
      variable: checksum,
      option,
      environment: readOneOf(env, checksum, snapshotChecksums),
      code: code.snapshotChecksumAlgorithm,
      fallback: 'sha256',
    }),
    snapshotCompression: chooseSetting<SnapshotCompressionName>({
      variable: compression,
      option,
      environment: readCompression(env, compression),
      code: code.snapshotCompression,
      fallback: false,
    }),
    snapshotRetentionCount: chooseSetting({
      variable: retention,
      option,
      environment: readNumber(env, retention, snapshotRetentionRange),
      code: code.snapshotRetentionCount,
      fallback: 10,
    }),
  }
}
