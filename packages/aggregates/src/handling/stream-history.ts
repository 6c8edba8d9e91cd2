import { ConcurrencyError, StreamNotFoundError, UnknownEventVersionError } from '@millrace/contracts'
import type {
  CommitId,
  Envelope,
  EventDecoder,
  EventStore,
  EventVersion,
  FoldedState,
  NewEventOf,
  Position,
  ReadStreamOptions,
  SnapshotBound,
  SnapshotOutcome,
  StateSnapshots,
  StoredEvent,
  StreamId,
} from '@millrace/contracts'

import type { AnyEvents, DefinedDecider } from '../decider/decider.ts'
import { FoldTrace } from './fold-trace.ts'
import type { Loaded } from './state-cache.ts'

/** A commit as it lies in a stream. */
export interface RecordedCommit<Event> {
  readonly events: readonly Event[]
  readonly fromVersion: EventVersion
  readonly version: EventVersion
  readonly position: Position
}

/** Which of an event's two times counts. */
export type TimeOfEvent = 'occurredAt' | 'recordedAt'

/** What a load is to look for on its way. */
export interface LoadOptions {
  readonly commitId?: CommitId | undefined
  /** The highest version to read. @defaultValue the stream's current one */
  readonly toVersion?: number
  /** The state ends before the first event with a later time. @defaultValue no time is too late */
  readonly until?: { readonly by: TimeOfEvent; readonly time: Date }
  /** Reads every event, whatever is saved. @defaultValue false */
  readonly fromBeginning?: boolean
  readonly signal?: AbortSignal | undefined
}

/** A state that was read just now. */
export interface Loading<State, Event> {
  readonly loaded: Loaded<State>
  /** True where every event was read, not only those after a state that was known. */
  readonly whole: boolean
  /** The commit that was looked for, where it was among the events that were read. */
  readonly found: RecordedCommit<Event> | undefined
}

/** Where a commit is looked for. */
export interface FindOptions {
  /** What the stream's end has to be; otherwise the search is refused as a conflict. */
  readonly head?: Loaded<unknown>
  /** The highest version it may end at. */
  readonly toVersion?: number
  /** Epoch milliseconds: it was not recorded before. */
  readonly notBefore?: number
  readonly signal?: AbortSignal | undefined
}

/** The parts a {@link StreamHistory} reads with. */
export interface HistoryParts<State, E extends AnyEvents> {
  readonly store: EventStore
  readonly decider: Pick<DefinedDecider<State, never, E>, 'events' | 'initial' | 'evolve'>
  readonly decode: EventDecoder
  readonly validate: boolean
  readonly snapshots: StateSnapshots<State> | undefined
}

/** A load under way. */
interface Reading<State> {
  readonly streamId: StreamId
  readonly from: Known<State>
  /** Undefined where nothing can be saved: no snapshots are kept, or it goes on from a state without a trace. */
  readonly trace: FoldTrace | undefined
  readonly options: LoadOptions
}

/** A state, and where it was saved: its log may have been migrated since. */
interface Known<State> extends Loaded<State> {
  readonly position?: Position
}

/** In a copy of the log a commit keeps its id, and its events may have moved within it. */
const isAt = (event: StoredEvent | undefined, { version, commitId, position }: Known<unknown>): boolean =>
  event !== undefined &&
  event.version === version &&
  event.commitId === commitId &&
  (position === undefined || position.generation === event.position.generation)

const isBounded = ({ toVersion, until }: LoadOptions): boolean =>
  toVersion !== undefined || until !== undefined

function isLate(stored: StoredEvent, { until }: LoadOptions): boolean {
  return until !== undefined && stored[until.by].getTime() > until.time.getTime()
}

function boundOf({ toVersion, until }: LoadOptions): SnapshotBound {
  return {
    ...(toVersion === undefined ? {} : { atOrBelow: toVersion }),
    ...(until === undefined
      ? {}
      : { [until.by === 'occurredAt' ? 'occurredUntil' : 'recordedUntil']: until.time }),
  }
}

function readOptions({ signal, toVersion, until }: LoadOptions): ReadStreamOptions {
  return {
    ...(toVersion === undefined ? {} : { toVersion }),
    ...(until?.by === 'occurredAt' ? { occurredUntil: until.time } : {}),
    ...(signal === undefined ? {} : { signal }),
  }
}

/** Reads streams: their state, now and as it was, and single commits of them. */
export class StreamHistory<State, E extends AnyEvents> {
  readonly #parts: HistoryParts<State, E>
  /** The current schema version of each type. */
  readonly #versions: ReadonlyMap<string, number>

  constructor(parts: HistoryParts<State, E>) {
    this.#parts = parts
    const { $ } = parts.decider.events
    this.#versions = new Map($.types.map((type) => [type, $.versionOf(type)]))
  }

  /** The state, from the one that is known on, from a snapshot on, or from the beginning. */
  async load(
    streamId: StreamId,
    known: Loaded<State> | undefined,
    options: LoadOptions = {},
  ): Promise<Loading<State, NewEventOf<E>>> {
    if (known !== undefined) {
      const tail = await this.#loadTail({ streamId, from: known, trace: undefined, options })
      if (tail !== undefined) return tail
    }
    const { snapshots } = this.#parts
    const { loading, trace } = await this.#loadSaved(streamId, options)
    const folded = trace?.placed(loading.loaded.state)
    // A state of the past is saved only in the place of a snapshot that was of no use.
    if (folded !== undefined)
      snapshots?.offer(streamId, folded, isBounded(options) ? 0 : (trace?.events ?? 0))
    return loading
  }

  /**
   * The state as it was at a time, of a stream that exists.
   * @throws {@link StreamNotFoundError} where there is none, or none any more
   */
  async stateAt(
    streamId: StreamId,
    until: NonNullable<LoadOptions['until']>,
    signal: AbortSignal | undefined,
  ): Promise<Loaded<State>> {
    const { loaded } = await this.load(streamId, undefined, { until, signal })
    if (loaded.version === 0 && !(await this.#parts.store.exists(streamId)))
      throw new StreamNotFoundError(streamId)
    return loaded
  }

  /**
   * Folds the stream, up to a version, and saves its state.
   * @throws {@link StreamNotFoundError} and what the stores throw
   */
  async takeSnapshot(
    streamId: StreamId,
    snapshots: StateSnapshots<State>,
    options: Pick<LoadOptions, 'toVersion' | 'signal'> = {},
  ): Promise<SnapshotOutcome> {
    const { loading, trace } = await this.#loadSaved(streamId, options)
    const folded = trace?.placed(loading.loaded.state)
    if (folded === undefined || loading.loaded.version === 0) throw new StreamNotFoundError(streamId)
    return await snapshots.save(streamId, folded)
  }

  /** After an append: takes a snapshot in the background where one is due. */
  noteAppend(streamId: StreamId, before: number, after: number): void {
    const { snapshots } = this.#parts
    if (snapshots === undefined || !snapshots.isDue(before, after)) return
    snapshots.inBackground(streamId, async () => {
      await this.takeSnapshot(streamId, snapshots, { toVersion: after })
    })
  }

  /**
   * A commit of the stream, looked for from its end backwards.
   * @throws {@link ConcurrencyError} where the stream does not end as it should
   */
  async find(
    streamId: StreamId,
    commitId: string,
    { head, toVersion, notBefore = 0, signal }: FindOptions,
  ): Promise<RecordedCommit<NewEventOf<E>> | undefined> {
    const found: StoredEvent[] = []
    let isFirst = true
    const bounds = {
      direction: 'backwards' as const,
      ...(toVersion === undefined ? {} : { toVersion }),
      ...(signal === undefined ? {} : { signal }),
    }
    for await (const stored of this.#parts.store.read(streamId, bounds)) {
      if (isFirst && head !== undefined && !isAt(stored, head)) throw conflict(streamId, head, stored.version)
      isFirst = false
      if (stored.commitId === commitId) found.push(stored)
      else if (found.length > 0 || stored.recordedAt.getTime() < notBefore) break
    }
    if (isFirst && head !== undefined) throw conflict(streamId, head, 0)
    return this.#commitOf(found.toReversed())
  }

  /** From a snapshot on where there is one of this very stream; the trace is there where snapshots are kept. */
  async #loadSaved(
    streamId: StreamId,
    options: LoadOptions,
  ): Promise<{ readonly loading: Loading<State, NewEventOf<E>>; readonly trace: FoldTrace | undefined }> {
    const { snapshots } = this.#parts
    const saved = options.fromBeginning === true ? undefined : await this.#saved(streamId, options)
    if (saved !== undefined) {
      const trace = new FoldTrace(saved)
      const tail = await this.#loadTail({ streamId, from: saved, trace, options })
      if (tail !== undefined) return { loading: tail, trace }
      await snapshots?.refuse(streamId, saved)
    }
    const trace = snapshots && new FoldTrace(undefined)
    return { loading: await this.#loadWhole(streamId, trace, options), trace }
  }

  async #saved(streamId: StreamId, options: LoadOptions): Promise<FoldedState<State> | undefined> {
    const { snapshots } = this.#parts
    return await snapshots?.find(streamId, boundOf(options))
  }

  /** Undefined where the stream does not go on from what is known: it is gone, or another one by now. */
  async #loadTail(reading: Reading<State>): Promise<Loading<State, NewEventOf<E>> | undefined> {
    // The known event is read once more: it tells whether this is still the stream it belongs to.
    const events = this.#read(reading, reading.from.version)
    const first = await events.next()
    if (first.done === true || !isAt(first.value, reading.from)) {
      await events.return?.()
      return undefined
    }
    return { ...(await this.#fold(events, reading)), whole: false }
  }

  async #loadWhole(
    streamId: StreamId,
    trace: FoldTrace | undefined,
    options: LoadOptions,
  ): Promise<Loading<State, NewEventOf<E>>> {
    const from = { state: this.#parts.decider.initial(), version: 0, commitId: undefined }
    const reading = { streamId, from, trace, options }
    return { ...(await this.#fold(this.#read(reading, 1), reading)), whole: true }
  }

  #read({ streamId, options }: Reading<State>, fromVersion: number): AsyncIterator<StoredEvent, unknown> {
    return this.#parts.store.read(streamId, { fromVersion, ...readOptions(options) })[Symbol.asyncIterator]()
  }

  async #fold(
    events: AsyncIterator<StoredEvent, unknown>,
    { from, trace, options }: Reading<State>,
  ): Promise<Omit<Loading<State, NewEventOf<E>>, 'whole'>> {
    const found: StoredEvent[] = []
    let { state } = from
    let last: StoredEvent | undefined
    try {
      for (let next = await events.next(); next.done !== true; next = await events.next()) {
        if (isLate(next.value, options)) {
          await events.return?.()
          break
        }
        last = next.value
        trace?.add(last)
        if (last.commitId === options.commitId) found.push(last)
        state = this.#evolve(state, last)
      }
    } catch (error) {
      // The first failure is the one to tell, whatever closing the source does.
      await events.return?.().catch(() => undefined)
      throw error
    }
    const at = last ?? from
    const loaded = { state, version: at.version, commitId: at.commitId }
    return { loaded, found: this.#commitOf(found) }
  }

  #evolve(before: State, stored: StoredEvent): State {
    const { decider, decode } = this.#parts
    let state = before
    for (const envelope of decode(stored)) state = decider.evolve(state, this.#current(envelope))
    return state
  }

  /** @throws {@link UnknownEventVersionError} for what no definition and no upcaster knows */
  #current(envelope: Envelope): NewEventOf<E> {
    const { type, schemaVersion } = envelope
    if (this.#versions.get(type) !== schemaVersion) throw new UnknownEventVersionError(type, schemaVersion)
    const { validate, decider } = this.#parts
    const current: unknown = validate ? decider.events.$.parse(envelope) : envelope
    return current as NewEventOf<E>
  }

  #commitOf(stored: readonly StoredEvent[]): RecordedCommit<NewEventOf<E>> | undefined {
    const [first, last] = [stored[0], stored.at(-1)]
    if (first === undefined || last === undefined) return undefined
    const events = stored.flatMap((event) => this.#parts.decode(event)).map((event) => this.#current(event))
    return { events, fromVersion: first.version, version: last.version, position: last.position }
  }
}

function conflict(
  streamId: StreamId,
  { version: expected }: Loaded<unknown>,
  actual: number,
): ConcurrencyError {
  return new ConcurrencyError({ streamId, expected, actual })
}
