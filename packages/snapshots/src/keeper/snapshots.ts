import { InvalidSnapshotError, SnapshotNotFoundError } from '@millrace/contracts'
import type {
  FoldedState,
  Snapshot,
  SnapshotBound,
  SnapshotEntry,
  SnapshotKey,
  SnapshotOutcome,
  SnapshotStore,
  StateSnapshots,
  StreamId,
} from '@millrace/contracts'

import type { SnapshotDefinition } from '../policy/define-snapshots.ts'
import type { StateCodec } from '../state/state-codec.ts'
import type { FactTeller, SnapshotCounts } from './snapshot-fact.ts'

/** What {@link Snapshots} are made of. */
export interface SnapshotParts<State> {
  readonly definition: SnapshotDefinition<State>
  readonly store: SnapshotStore
  readonly codec: StateCodec<State>
  readonly facts: FactTeller
  /** 0: none by itself. */
  readonly threshold: number
  /** 0: all. */
  readonly retention: number
}

/** What a look at one snapshot found. */
export interface SnapshotVerdict extends SnapshotKey {
  readonly bytes: number
  /** `differs`: it is whole, but not what the events fold to. */
  readonly verdict: 'valid' | 'differs' | InvalidSnapshotError['fault']
  /** Undefined for a valid one. */
  readonly reason: string | undefined
}

/** Options of {@link Snapshots.verify}. */
export interface VerifyOptions<State> {
  /** Folds the events up to a version, so that a snapshot is also compared with them. @defaultValue bytes are checked only */
  readonly fold?: (version: number) => Promise<State>
}

function foldedOf<State>(snapshot: Snapshot, state: State): FoldedState<State> {
  const { version, position, commitId, occurredAt, recordedAt, encryption } = snapshot
  const subjects = encryption.map(({ subject }) => subject)
  return { state, version, position, commitId, occurredAt, recordedAt, subjects }
}

/** What will never be right again is removed; what another release wrote, or can open, may be right there. */
function isPastUse({ fault }: InvalidSnapshotError): boolean {
  return fault !== 'outdated' && fault !== 'sealed'
}

/** The snapshots of one kind of stream: taken when they are due, believed when they are whole, kept for a while. */
export class Snapshots<State> implements StateSnapshots<State>, AsyncDisposable {
  readonly #parts: SnapshotParts<State>
  readonly #atWork = new Map<StreamId, Promise<void>>()
  /** Streams of which a snapshot was of no use: the next state is saved, due or not. */
  readonly #toReplace = new Set<StreamId>()

  constructor(parts: SnapshotParts<State>) {
    this.#parts = parts
  }

  get definition(): SnapshotDefinition<State> {
    return this.#parts.definition
  }

  /** How often what happened since these were created. */
  get counts(): SnapshotCounts {
    return this.#parts.facts.counts
  }

  async find(streamId: StreamId, bound: SnapshotBound = {}): Promise<FoldedState<State> | undefined> {
    const { facts, codec, definition } = this.#parts
    const { name } = definition
    try {
      const snapshot = await this.#newest(streamId, bound)
      if (snapshot === undefined) return undefined
      const folded = foldedOf(snapshot, await codec.unpack(snapshot))
      facts.tell({ kind: 'used', streamId, name, version: snapshot.version })
      return folded
    } catch (error) {
      if (error instanceof InvalidSnapshotError) await this.#giveUp(streamId, error)
      else facts.tell({ kind: 'unavailable', streamId, name, error })
      return undefined
    }
  }

  async refuse(streamId: StreamId, { version }: FoldedState<State>): Promise<void> {
    const { name } = this.#parts.definition
    const reason = 'the stream has another event at its version, or none'
    await this.#giveUp(
      streamId,
      new InvalidSnapshotError({ streamId, name, version }, { fault: 'foreign', reason }),
    )
  }

  offer(streamId: StreamId, folded: FoldedState<State>, events: number): void {
    const { threshold } = this.#parts
    const replaces = this.#toReplace.has(streamId)
    if (!replaces && (threshold === 0 || events < threshold)) return
    this.inBackground(streamId, async () => await this.save(streamId, folded))
  }

  isDue(before: number, after: number): boolean {
    const { threshold } = this.#parts
    return threshold > 0 && Math.floor(before / threshold) < Math.floor(after / threshold)
  }

  inBackground(streamId: StreamId, work: () => Promise<unknown>): void {
    if (this.#atWork.has(streamId)) return
    const { facts, definition } = this.#parts
    const run = async (): Promise<void> => {
      try {
        await work()
      } catch (error) {
        facts.tell({ kind: 'unavailable', streamId, name: definition.name, error })
      } finally {
        this.#atWork.delete(streamId)
      }
    }
    this.#atWork.set(streamId, run())
  }

  async save(streamId: StreamId, folded: FoldedState<State>): Promise<SnapshotOutcome> {
    const { codec, store, facts, retention, definition } = this.#parts
    const { name } = definition
    const snapshot = await codec.pack(streamId, folded)
    if ('kind' in snapshot) {
      this.#toReplace.delete(streamId)
      const { reason, problem } = snapshot
      facts.tell({ kind: 'skipped', streamId, name, version: folded.version, reason, problem })
      return snapshot
    }
    await store.save(snapshot)
    this.#toReplace.delete(streamId)
    const { state, ...header } = snapshot
    facts.tell({ kind: 'saved', streamId, name, version: header.version, bytes: state.byteLength })
    if (retention > 0) await this.prune(streamId, retention)
    return { kind: 'saved', snapshot: header }
  }

  /** Best first; also those of other schema versions and those that cannot be read. */
  async list(streamId: StreamId): Promise<readonly SnapshotEntry[]> {
    return await this.#parts.store.list(streamId, { name: this.#parts.definition.name })
  }

  /**
   * A saved state, the one of a version or the newest.
   * @throws {@link SnapshotNotFoundError} where there is none of this schema version, {@link InvalidSnapshotError} where it is
   * of no use
   */
  async read(streamId: StreamId, version?: number): Promise<FoldedState<State>> {
    const { store, codec, definition } = this.#parts
    const { name, schemaVersion } = definition
    const bound = version === undefined ? {} : { atOrBelow: version }
    const snapshot = await store.latest(streamId, { name, schemaVersion, ...bound })
    if (snapshot === undefined || (version !== undefined && snapshot.version !== version))
      throw new SnapshotNotFoundError({ streamId, name, version })
    return foldedOf(snapshot, await codec.unpack(snapshot))
  }

  /** Removes all but the newest; 0 for all. How many went. */
  async prune(streamId: StreamId, keep: number): Promise<number> {
    const { store, facts, definition } = this.#parts
    const { name } = definition
    const count = await store.prune(streamId, { name, keep })
    if (count > 0) facts.tell({ kind: 'pruned', streamId, name, count })
    return count
  }

  /** Looks at each snapshot of a stream. Changes nothing. */
  async verify(streamId: StreamId, options: VerifyOptions<State> = {}): Promise<readonly SnapshotVerdict[]> {
    const verdicts: SnapshotVerdict[] = []
    for (const entry of await this.list(streamId)) verdicts.push(await this.#judge(streamId, entry, options))
    return verdicts
  }

  /** Resolves when nothing is going on in the background. */
  async settled(): Promise<void> {
    while (this.#atWork.size > 0) await Promise.all(this.#atWork.values())
  }

  /** Waits for what is going on in the background. The store stays open. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.settled()
  }

  /** The newest of all; while two releases are at work, the newest of this one's schema. */
  async #newest(streamId: StreamId, bound: SnapshotBound): Promise<Snapshot | undefined> {
    const { store, definition } = this.#parts
    const { name, schemaVersion } = definition
    const newest = await store.latest(streamId, { ...bound, name })
    if (newest === undefined || newest.schemaVersion === schemaVersion) return newest
    return (await store.latest(streamId, { ...bound, name, schemaVersion })) ?? newest
  }

  async #giveUp(streamId: StreamId, error: InvalidSnapshotError): Promise<void> {
    const { store, facts, definition } = this.#parts
    const { name, schemaVersion } = definition
    const { version, fault, reason } = error
    this.#toReplace.add(streamId)
    facts.tell({ kind: 'invalid', streamId, name, version, fault, reason })
    if (!isPastUse(error)) return
    try {
      for (const entry of await store.list(streamId, { name }))
        if (
          entry.version === version &&
          (entry.header === undefined || entry.schemaVersion === schemaVersion)
        )
          await store.remove(streamId, entry)
    } catch (cause) {
      facts.tell({ kind: 'unavailable', streamId, name, error: cause })
    }
  }

  async #judge(
    streamId: StreamId,
    { version, schemaVersion, name, bytes }: SnapshotEntry,
    { fold }: VerifyOptions<State>,
  ): Promise<SnapshotVerdict> {
    const { store, codec } = this.#parts
    const found = { name, version, schemaVersion, bytes }
    try {
      const snapshot = await store.latest(streamId, { name, schemaVersion, atOrBelow: version })
      if (snapshot?.version !== version) return { ...found, verdict: 'corrupt', reason: 'it is gone' }
      const state = await codec.unpack(snapshot)
      if (fold === undefined || codec.isSame(state, await fold(version)))
        return { ...found, verdict: 'valid', reason: undefined }
      return { ...found, verdict: 'differs', reason: 'the events fold to another state' }
    } catch (error) {
      if (!(error instanceof InvalidSnapshotError)) throw error
      return { ...found, verdict: error.fault, reason: error.reason }
    }
  }
}
