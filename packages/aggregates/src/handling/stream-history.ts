import { ConcurrencyError, UnknownEventVersionError } from '@millrace/contracts'
import type {
  CommitId,
  Envelope,
  EventDecoder,
  EventStore,
  EventVersion,
  NewEventOf,
  Position,
  StoredEvent,
  StreamId,
} from '@millrace/contracts'

import type { AnyEvents, DefinedDecider } from '../decider/decider.ts'
import type { Loaded } from './state-cache.ts'

/** A commit as it lies in a stream. */
export interface RecordedCommit<Event> {
  readonly events: readonly Event[]
  readonly fromVersion: EventVersion
  readonly version: EventVersion
  readonly position: Position
}

/** What a load is to look for on its way. */
export interface LoadOptions {
  readonly commitId?: CommitId | undefined
  /** The highest version to read. @defaultValue the stream's current one */
  readonly toVersion?: number
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
export interface HistoryParts<State, Command, E extends AnyEvents> {
  readonly store: EventStore
  readonly decider: DefinedDecider<State, Command, E>
  readonly decode: EventDecoder
  readonly validate: boolean
}

const isAt = (event: StoredEvent | undefined, { version, commitId }: Loaded<unknown>): boolean =>
  event !== undefined && event.version === version && event.commitId === commitId

/** Reads streams: their state, and single commits of them. */
export class StreamHistory<State, Command, E extends AnyEvents> {
  readonly #parts: HistoryParts<State, Command, E>
  /** The current schema version of each type. */
  readonly #versions: ReadonlyMap<string, number>

  constructor(parts: HistoryParts<State, Command, E>) {
    this.#parts = parts
    const { $ } = parts.decider.events
    this.#versions = new Map($.types.map((type) => [type, $.versionOf(type)]))
  }

  /** The state as it is now, from the one that is known on, or from the beginning. */
  async load(
    streamId: StreamId,
    known: Loaded<State> | undefined,
    options: LoadOptions = {},
  ): Promise<Loading<State, NewEventOf<E>>> {
    const tail = known === undefined ? undefined : await this.#loadTail(streamId, known, options)
    return tail ?? (await this.#loadWhole(streamId, options))
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

  /** Undefined where the stream does not go on from what is known: it is gone, or another one by now. */
  async #loadTail(
    streamId: StreamId,
    known: Loaded<State>,
    options: LoadOptions,
  ): Promise<Loading<State, NewEventOf<E>> | undefined> {
    // The known event is read once more: it tells whether this is still the stream it belongs to.
    const events = this.#read(streamId, known.version, options)
    const first = await events.next()
    if (first.done === true || !isAt(first.value, known)) {
      await events.return?.()
      return undefined
    }
    return { ...(await this.#fold(events, known, options)), whole: false }
  }

  async #loadWhole(streamId: StreamId, options: LoadOptions): Promise<Loading<State, NewEventOf<E>>> {
    const nothing = { state: this.#parts.decider.initial(), version: 0, commitId: undefined }
    return { ...(await this.#fold(this.#read(streamId, 1, options), nothing, options)), whole: true }
  }

  #read(
    streamId: StreamId,
    fromVersion: number,
    { signal, toVersion }: LoadOptions,
  ): AsyncIterator<StoredEvent, unknown> {
    const options = {
      fromVersion,
      ...(toVersion === undefined ? {} : { toVersion }),
      ...(signal === undefined ? {} : { signal }),
    }
    return this.#parts.store.read(streamId, options)[Symbol.asyncIterator]()
  }

  async #fold(
    events: AsyncIterator<StoredEvent, unknown>,
    from: Loaded<State>,
    { commitId }: LoadOptions,
  ): Promise<Omit<Loading<State, NewEventOf<E>>, 'whole'>> {
    const found: StoredEvent[] = []
    let { state } = from
    let last: StoredEvent | undefined
    try {
      for (let next = await events.next(); next.done !== true; next = await events.next()) {
        last = next.value
        if (last.commitId === commitId) found.push(last)
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
