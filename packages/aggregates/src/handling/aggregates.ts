import { ConcurrencyError, Lanes, StreamTombstonedError } from '@millrace/contracts'
import type { EventVersion, NewEventOf, SnapshotOutcome, StateSnapshots, StreamId } from '@millrace/contracts'

import type { AnyEvents } from '../decider/decider.ts'
import { AggregateContendedError } from '../errors.ts'
import type { Backoff } from './backoff.ts'
import { CommandAttempt } from './command-attempt.ts'
import type { AttemptParts, Request } from './command-attempt.ts'
import { taskOf } from './command-options.ts'
import type { HandleOptions } from './command-options.ts'
import type { CommandResult, Rejected } from './command-result.ts'
import { DecisionInParts } from './decision-in-parts.ts'
import type { InPartsOptions, LazyDecision, Streaming } from './decision-in-parts.ts'
import { untilOf } from './instant-options.ts'
import type { StateAtOptions } from './instant-options.ts'
import { noSnapshots } from './no-snapshots.ts'

/** What {@link Aggregates} are made of. */
export interface AggregatesParts<State, Command, E extends AnyEvents> extends AttemptParts<
  State,
  Command,
  E
> {
  readonly streamIdOf: (id: string) => StreamId
  readonly backoff: Backoff
  readonly snapshots: StateSnapshots<State> | undefined
}

/** An aggregate's state as it was when it was read. */
export interface LoadedAggregate<State> {
  readonly streamId: StreamId
  /** 0 where nothing is recorded, or not any more. */
  readonly version: EventVersion
  readonly state: State
}

/**
 * All aggregates of one kind: handles commands to them, each on the current state. Commands of this process to one
 * aggregate wait for each other; those of several processes meet at the store, where one of them wins.
 */
export class Aggregates<State, Command, E extends AnyEvents> {
  readonly #parts: AggregatesParts<State, Command, E>
  readonly #attempt: CommandAttempt<State, Command, E>
  readonly #inParts: DecisionInParts<State, Command, E>
  readonly #lanes = new Lanes()

  constructor(parts: AggregatesParts<State, Command, E>) {
    this.#parts = parts
    this.#attempt = new CommandAttempt(parts)
    this.#inParts = new DecisionInParts(parts, this.#lanes)
  }

  /** The current state; the initial one at version 0 for a stream that is missing or tombstoned. */
  async load(id: string, options: Pick<HandleOptions, 'signal'> = {}): Promise<LoadedAggregate<State>> {
    const { history, cache, streamIdOf } = this.#parts
    const streamId = streamIdOf(id)
    const { loaded } = await history.load(streamId, cache.get(streamId), options)
    cache.set(streamId, loaded)
    return { streamId, version: loaded.version as EventVersion, state: loaded.state }
  }

  /**
   * The state as it was at an instant: the fold of all versions before the first event with a later time. A time before
   * the first event gives the initial state at version 0.
   * @throws {@link StreamNotFoundError} for a stream that is missing or tombstoned, {@link InvalidValueError}
   */
  async stateAt(
    id: string,
    instant: Date,
    { signal, ...at }: StateAtOptions = {},
  ): Promise<LoadedAggregate<State>> {
    const { history, streamIdOf } = this.#parts
    const streamId = streamIdOf(id)
    const { state, version } = await history.stateAt(streamId, untilOf(instant, at), signal)
    return { streamId, version: version as EventVersion, state }
  }

  /**
   * Saves the current state, due or not. One that cannot be saved is a result.
   * @throws {@link StreamNotFoundError} {@link NotSupportedError} where no snapshots are kept
   */
  async takeSnapshot(id: string, options: Pick<HandleOptions, 'signal'> = {}): Promise<SnapshotOutcome> {
    const { history, snapshots, streamIdOf } = this.#parts
    if (snapshots === undefined) throw noSnapshots()
    return await history.takeSnapshot(streamIdOf(id), snapshots, options)
  }

  /**
   * Decides a command on the current state and records its events as one commit, or none. Where another writer came in
   * between, it is decided anew. A rejection is a result and holds for the version it names.
   * @throws {@link AggregateContendedError} when other writers were faster in every attempt
   * @throws {@link StreamTombstonedError} when the aggregate's stream was tombstoned
   * @throws {@link DuplicateEventError} for a command id that was used for something else
   * @throws what the decider, the decoder and the store throw
   */
  async handle(
    id: string,
    command: Command,
    options: HandleOptions = {},
  ): Promise<CommandResult<NewEventOf<E>>> {
    const streamId = this.#parts.streamIdOf(id)
    const task = taskOf(options)
    return await this.#lanes.run(streamId, () => this.#persist({ streamId, command, task }))
  }

  /**
   * Records a decision of very many events in commits of bounded size, each when the events of the one before have been
   * read from the result. Each commit is all or nothing, the decision as a whole is not: a process that ends leaves the
   * parts it recorded, and so does another writer that comes in between, with a {@link ConcurrencyError} from the result's
   * stream. A command that comes again with its id and the same `eventsPerCommit` goes on where it ended, as long as
   * nobody came in between.
   * @throws {@link InvalidValueError} for a number of events out of its range, and what `handle` throws
   */
  async handleInParts(
    id: string,
    decide: LazyDecision<State, NewEventOf<E>>,
    { eventsPerCommit = 500, ...options }: InPartsOptions = {},
  ): Promise<Streaming | Rejected> {
    const streamId = this.#parts.streamIdOf(id)
    return await this.#inParts.begin({ streamId, task: taskOf(options), decide, eventsPerCommit })
  }

  async #persist(request: Request<Command>): Promise<CommandResult<NewEventOf<E>>> {
    const { backoff, cache } = this.#parts
    const { streamId, task } = request
    for (let attempt = 1; ; attempt++) {
      task.signal?.throwIfAborted()
      try {
        return await this.#attempt.run(request, attempt === 1)
      } catch (error) {
        if (error instanceof StreamTombstonedError) cache.delete(streamId)
        if (!(error instanceof ConcurrencyError)) throw error
        if (attempt === backoff.maxAttempts)
          throw new AggregateContendedError(streamId, attempt, { cause: error })
      }
      await backoff.pause(attempt, task.signal)
    }
  }
}
