import { checkWhole, decodeEvents } from '@millrace/contracts'
import type { CommitId, Envelope, Lanes, NewEventOf, StreamId } from '@millrace/contracts'

import type { AnyEvents } from '../decider/decider.ts'
import { fold } from '../decider/fold.ts'
import { isRejection } from '../decider/rejection.ts'
import type { Rejection } from '../decider/rejection.ts'
import type { AttemptParts } from './command-attempt.ts'
import type { HandleOptions, Task } from './command-options.ts'
import type { Rejected } from './command-result.ts'
import { versioned } from './decision.ts'
import { partId } from './part-id.ts'
import type { Loaded } from './state-cache.ts'

/** What a decision in parts is handled with. */
export interface InPartsOptions extends HandleOptions {
  /** The most events of one commit; 1 to 10,000. @defaultValue 500 */
  readonly eventsPerCommit?: number
}

/** Decides on a state by events that are made one by one, as they are asked for. Pure, like every decision. */
export type LazyDecision<State, Event> = (state: State) => Iterable<Event> | Rejection

/** A decision that is recorded as fast as its events are read. */
export interface Streaming {
  readonly kind: 'accepted'
  readonly streamId: StreamId
  /** As it was given. */
  readonly commandId: CommitId | undefined
  /**
   * Each event as it was recorded. The next part is decided and recorded when the one before has been read; leaving early
   * leaves the rest undecided. May be iterated once.
   */
  readonly stream: AsyncIterable<Envelope>
}

/** Where a decision in parts goes. */
export interface PartsRequest<State, Event> {
  readonly streamId: StreamId
  readonly task: Task
  readonly decide: LazyDecision<State, Event>
  readonly eventsPerCommit: number
}

function take<Event>(events: Iterator<Event>, most: number): Event[] {
  const taken: Event[] = []
  while (taken.length < most) {
    const next = events.next()
    if (next.done === true) break
    taken.push(next.value)
  }
  return taken
}

/** Records decisions that are too large for one commit. */
export class DecisionInParts<State, Command, E extends AnyEvents> {
  readonly #parts: AttemptParts<State, Command, E>
  readonly #lanes: Lanes

  constructor(parts: AttemptParts<State, Command, E>, lanes: Lanes) {
    this.#parts = parts
    this.#lanes = lanes
  }

  /** Decides on the current state, or on the one that a repeated command was first decided on. */
  async begin(request: PartsRequest<State, NewEventOf<E>>): Promise<Streaming | Rejected> {
    const { streamId, task, decide, eventsPerCommit } = request
    const { commandId } = task
    checkWhole('options.eventsPerCommit', eventsPerCommit, { min: 1, max: 10_000 })
    const ground = await this.#ground(streamId, task)
    const decided = decide(ground.state)
    if (!isRejection(decided))
      return { kind: 'accepted', streamId, commandId, stream: this.#record(request, ground, decided) }
    // Of a stream without events only the store knows whether it was tombstoned.
    if (ground.version === 0) await this.#parts.store.append(streamId, [], { expectedVersion: 0 })
    return {
      kind: 'rejected',
      streamId,
      version: ground.version as Rejected['version'],
      rejection: decided,
      commandId,
    }
  }

  async #ground(streamId: StreamId, { commandId, signal }: Task): Promise<Loaded<State>> {
    const { history, cache } = this.#parts
    // A command that may be a repeat is looked for in all of the stream.
    const known = commandId === undefined ? cache.get(streamId) : undefined
    const fromBeginning = commandId !== undefined
    const { loaded, found } = await history.load(streamId, known, {
      commitId: commandId,
      fromBeginning,
      signal,
    })
    if (found === undefined) return loaded
    const before = await history.load(streamId, undefined, { toVersion: found.fromVersion - 1, signal })
    return before.loaded
  }

  async *#record(
    { streamId, task, eventsPerCommit }: PartsRequest<State, NewEventOf<E>>,
    ground: Loaded<State>,
    decided: Iterable<NewEventOf<E>>,
  ): AsyncGenerator<Envelope, undefined> {
    const { store, decode } = this.#parts
    const source = decided[Symbol.iterator]()
    let at = ground
    try {
      for (let part = 0; ; part++) {
        task.signal?.throwIfAborted()
        const events = take(source, eventsPerCommit)
        if (events.length === 0) return undefined
        const fromVersion = at.version + 1
        const before = at
        at = await this.#lanes.run(streamId, () => this.#append({ streamId, task, part }, before, events))
        yield* decodeEvents(store.read(streamId, { fromVersion, toVersion: at.version }), decode)
      }
    } finally {
      source.return?.()
    }
  }

  async #append(
    place: { readonly streamId: StreamId; readonly task: Task; readonly part: number },
    before: Loaded<State>,
    decided: readonly NewEventOf<E>[],
  ): Promise<Loaded<State>> {
    const { store, decider, cache, history } = this.#parts
    const { streamId, part, task } = place
    const { commandId, metadata } = task
    const events = versioned(decider, decided)
    const state = fold(decider, events, before.state)
    const { version, commitId } = await store.append(streamId, events, {
      expectedVersion: before.version,
      ...(commandId === undefined ? {} : { commitId: partId(commandId, part) }),
      ...(metadata === undefined ? {} : { metadata }),
    })
    const after = { state, version, commitId }
    cache.set(streamId, after)
    history.noteAppend(streamId, before.version, version)
    return after
  }
}
