import {
  ConfigurationError,
  createIdFactory,
  ErasureIncompleteError,
  jsonSerializer,
} from '@millrace/contracts'
import type {
  CommitOptions,
  DecryptHook,
  Erasure,
  ErasureRequest,
  EventStore,
  NewEvent,
  Serializer,
  SnapshotSealing,
  StoredEvent,
  StreamId,
  SubjectKeyState,
  SubjectKeyStore,
} from '@millrace/contracts'

import type { KeyProvider } from '../keys/key-provider.ts'
import { KeyRing } from '../keys/key-ring.ts'
import { rewrapKeys } from '../keys/rewrap-keys.ts'
import { EventOpener } from './event-opener.ts'
import { EventSealer } from './event-sealer.ts'
import type { PersonalData } from './personal-data.ts'
import { ProtectedStore } from './protected-store.ts'
import { createSnapshotSealing } from './snapshot-sealing.ts'

/** Cleans what is outside the log: rows of a read model, a search index, files. */
export interface Eraser {
  /** Names it in errors. */
  readonly name: string
  /** Takes away what is kept of the subject. May run again after a crash. */
  readonly erase: (subject: string) => Promise<void>
}

/** Settings of {@link createPrivacy}. */
export interface PrivacyOptions {
  /** What is encrypted. See {@link definePersonalData}. */
  readonly personal: PersonalData
  /** Keeps the data keys. Stays open when everything else is closed. */
  readonly keys: SubjectKeyStore
  /** Wraps them. */
  readonly provider: KeyProvider
  /** Run after each erasure, in this order. @defaultValue none */
  readonly erasers?: readonly Eraser[]
  /** Writes the data of new events; the store's own. @defaultValue JSON */
  readonly serializer?: Serializer
  /** Further ones that stored events may have been written with. @defaultValue none */
  readonly otherSerializers?: readonly Serializer[]
  /**
   * Milliseconds a key is used before it is asked for again: how long another process may still read what was erased here.
   * @defaultValue 60_000
   */
  readonly cacheMs?: number
  /** The most keys kept at hand. @defaultValue 10_000 */
  readonly maxCachedKeys?: number
  /** Current time in epoch milliseconds. @defaultValue `Date.now` */
  readonly now?: () => number
}

/** Encrypts personal data with a key for each data subject, and erases a subject by destroying its key. */
export interface Privacy {
  /**
   * A store over `store`, on whatever adapter: what is personal in new events is encrypted before the store sees it, and
   * events read through it, or through its log, can be decoded. Closing it closes `store`.
   */
  protect(store: EventStore): EventStore
  /** For decoders. A payload that was changed or moved is {@link DecryptionFailedError}. */
  readonly decrypt: DecryptHook
  /** Makes events ready for {@link Privacy.decrypt} that were not read through a protected store. */
  prepare(events: readonly StoredEvent[]): Promise<void>
  /**
   * What a protected store writes in the place of these events, for those who write to a store by other ways.
   * @throws {@link SubjectErasedError}
   */
  sealEvents(
    streamId: StreamId,
    events: readonly NewEvent[],
    options?: Pick<CommitOptions, 'commitId'>,
  ): Promise<readonly NewEvent[]>
  /**
   * Destroys the subject's key, in the key store and in this process, then runs the erasers. From then on its data reads as
   * declared, and nothing can be appended for it. Again after a crash, or when an eraser failed: goes on where it was.
   * @throws {@link InvalidValueError}; {@link ErasureIncompleteError} with what an eraser threw: the key is destroyed by then
   */
  erase(subject: string, request: ErasureRequest): Promise<Erasure>
  /**
   * Goes on with erasures that a crash or a failing eraser left behind; the subjects that are done now. To be called at start.
   * @throws {@link ErasureIncompleteError} naming those whose erasers failed again; all others are done
   */
  resumeErasures(): Promise<readonly string[]>
  /** Subjects whose keys are destroyed and whose erasers did not all succeed yet; at most 1000. */
  incompleteErasures(): Promise<readonly string[]>
  /** Undefined for a subject that nothing is known of. */
  inspect(subject: string): Promise<SubjectKeyState | undefined>
  /** Wraps the keys anew that another master key wrapped, so that it may be taken away; how many. */
  rewrapKeys(): Promise<number>
  /** Runs these after each erasure too, behind those it has: for who puts an app together. */
  addErasers(erasers: readonly Eraser[]): void
  /** Keeps what is encrypted in a stream encrypted in its snapshots. */
  readonly snapshotSealing: SnapshotSealing
}

function checked({ cacheMs = 60_000, maxCachedKeys = 10_000 }: PrivacyOptions): {
  readonly cacheMs: number
  readonly maxCached: number
} {
  if (!(cacheMs >= 0 && cacheMs <= 86_400_000))
    throw new ConfigurationError('cacheMs', 'must be milliseconds from 0 to a day')
  if (!Number.isSafeInteger(maxCachedKeys) || maxCachedKeys < 1)
    throw new ConfigurationError('maxCachedKeys', 'must be a whole number above 0')
  return { cacheMs, maxCached: maxCachedKeys }
}

/** Each by itself: a server that is away keeps nothing elsewhere from being cleaned. @throws what the first failing one threw */
async function runAll(erasers: readonly Eraser[], subject: string): Promise<void> {
  const failures: unknown[] = []
  for (const { erase } of erasers)
    try {
      await erase(subject)
    } catch (error) {
      failures.push(error)
    }
  if (failures.length > 0) throw failures[0]
}

/** @throws {@link ConfigurationError} naming the setting */
export function createPrivacy(options: PrivacyOptions): Privacy {
  const { personal, keys, provider, serializer = jsonSerializer, otherSerializers = [] } = options
  const erasers = [...(options.erasers ?? [])]
  const ring = new KeyRing({ keys, provider, now: options.now ?? Date.now, ...checked(options) })
  const opener = new EventOpener({ ring, personal, serializers: [serializer, ...otherSerializers] })
  const sealer = new EventSealer({ ring, personal, serializer, mint: createIdFactory() })
  const destroy = async (subject: string, request: ErasureRequest): Promise<Erasure> => {
    try {
      return await keys.erase(subject, request)
    } finally {
      // Where the store failed it may have destroyed the key all the same.
      ring.doubt(subject)
    }
  }
  const clean = async (subjects: readonly string[]): Promise<readonly string[]> => {
    const failed = new Map<string, unknown>()
    for (const subject of subjects)
      try {
        await runAll(erasers, subject)
        await keys.complete(subject)
      } catch (error) {
        // One that cannot be cleaned now keeps no other one from being cleaned.
        failed.set(subject, error)
      }
    const [cause] = failed.values()
    if (failed.size > 0) throw new ErasureIncompleteError([...failed.keys()], { cause })
    return subjects
  }
  return {
    protect: (store) => new ProtectedStore(store, sealer, opener),
    decrypt: opener.decrypt,
    prepare: async (events) => await opener.prepare(events),
    sealEvents: async (streamId, events, { commitId } = {}) => {
      const [sealed] = (await sealer.seal([{ streamId, events }], commitId)) ?? []
      return sealed?.events ?? events
    },
    erase: async (subject, request) => {
      const erasure = await destroy(subject, request)
      ring.erase(subject)
      await clean([subject])
      return erasure
    },
    resumeErasures: async () => await clean(await keys.incomplete()),
    incompleteErasures: async () => await keys.incomplete(),
    inspect: async (subject) => (await keys.find([subject])).get(subject),
    rewrapKeys: () => rewrapKeys(keys, provider),
    addErasers: (further) => void erasers.push(...further),
    snapshotSealing: createSnapshotSealing(ring),
  }
}
