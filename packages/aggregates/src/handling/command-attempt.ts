import { decodeEvents, DuplicateEventError, StreamTombstonedError, ulidTime } from '@millrace/contracts'
import type {
  AppendOptions,
  AppendReceipt,
  EventDecoder,
  EventStore,
  EventVersion,
  NewEventOf,
  Position,
  StreamId,
} from '@millrace/contracts'

import type { AnyEvents, DefinedDecider } from '../decider/decider.ts'
import type { Task } from './command-options.ts'
import type { Accepted, CommandResult } from './command-result.ts'
import { decide } from './decision.ts'
import type { Decision } from './decision.ts'
import type { Loaded, StateCache } from './state-cache.ts'
import type { RecordedCommit, StreamHistory } from './stream-history.ts'

/** What a {@link CommandAttempt} works with. */
export interface AttemptParts<State, Command, E extends AnyEvents> {
  readonly store: EventStore
  readonly decider: DefinedDecider<State, Command, E>
  readonly decode: EventDecoder
  readonly history: StreamHistory<State, E>
  readonly cache: StateCache<State>
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** A command and where it goes. */
export interface Request<Command> {
  readonly streamId: StreamId
  readonly command: Command
  readonly task: Task
}

/** What a decision is made on. */
interface Ground<State> extends Loaded<State> {
  /** How much of the stream was read for it. */
  readonly read: 'whole' | 'tail' | 'nothing'
}

/** How far the clock that minted a command's id may be ahead of the store's. */
const clockSkewMs = 3_600_000

function appendOptions({ version }: Loaded<unknown>, { commandId, metadata }: Task): AppendOptions {
  const expectation = { expectedVersion: version }
  // The common case.
  if (commandId === undefined && metadata === undefined) return expectation
  const named = commandId === undefined ? expectation : { ...expectation, commitId: commandId }
  return metadata === undefined ? named : { ...named, metadata }
}

/** One attempt at a command: takes a state, decides, and has the store judge whether the state was the current one. */
export class CommandAttempt<State, Command, E extends AnyEvents> {
  readonly #parts: AttemptParts<State, Command, E>

  constructor(parts: AttemptParts<State, Command, E>) {
    this.#parts = parts
  }

  /**
   * `trusting` takes a cached state as it is: nothing is recorded on it, and nothing refused, before the store has
   * confirmed it. @throws {@link ConcurrencyError} where it does not
   */
  async run(request: Request<Command>, trusting: boolean): Promise<CommandResult<NewEventOf<E>>> {
    const cached = this.#parts.cache.get(request.streamId)
    if (trusting && cached !== undefined) return await this.#decide(request, { ...cached, read: 'nothing' })
    const { history, cache } = this.#parts
    const { streamId, task } = request
    const { commandId: commitId, signal } = task
    const { loaded, whole, found } = await history.load(streamId, cached, { commitId, signal })
    cache.set(streamId, loaded)
    if (found !== undefined) return this.#repeated(request, found)
    return await this.#decide(request, { ...loaded, read: whole ? 'whole' : 'tail' })
  }

  async #decide(request: Request<Command>, ground: Ground<State>): Promise<CommandResult<NewEventOf<E>>> {
    const decision = decide(this.#parts.decider, ground.state, request.command)
    if (decision.kind === 'events') return await this.#record(request, ground, decision)
    const found = await this.#confirm(request, ground)
    if (found !== undefined) return this.#repeated(request, found)
    if (decision.kind === 'failed') throw decision.error
    const { streamId, task } = request
    const { commandId } = task
    const version = ground.version as EventVersion
    if (decision.kind === 'rejected')
      return { kind: 'rejected', streamId, version, rejection: decision.rejection, commandId }
    return this.#accepted(request, { events: [], fromVersion: version + 1, version, position: undefined })
  }

  /** The append proves the state it was decided on: the store takes it at that version only. */
  async #record(
    request: Request<Command>,
    ground: Ground<State>,
    { events, state }: Extract<Decision<State, NewEventOf<E>>, { kind: 'events' }>,
  ): Promise<CommandResult<NewEventOf<E>>> {
    const { streamId, task } = request
    let receipt: AppendReceipt
    try {
      receipt = await this.#parts.store.append(streamId, events, appendOptions(ground, task))
    } catch (error) {
      return this.#repeated(request, await this.#firstResult(request, error))
    }
    if (receipt.replayed) return this.#repeated(request, await this.#recorded(receipt, task))
    const { version, position, commitId } = receipt
    this.#parts.cache.set(streamId, { state, version, commitId })
    this.#parts.history.noteAppend(streamId, ground.version, version)
    return this.#accepted(request, { events, fromVersion: ground.version + 1, version, position })
  }

  /**
   * What was decided without an event is confirmed like what is recorded: the state was current, the stream may be written
   * to, and the command was not handled before. Gives its first result where it was.
   * @throws {@link ConcurrencyError} for a state that was not current
   */
  async #confirm(
    { streamId, task }: Request<Command>,
    ground: Ground<State>,
  ): Promise<RecordedCommit<NewEventOf<E>> | undefined> {
    const { store, history, now } = this.#parts
    const { version, read } = ground
    const { commandId, signal } = task
    if (version > 0 && commandId !== undefined && read !== 'whole') {
      const time = ulidTime(commandId)
      // An id from the future says nothing about when its command was first sent.
      const notBefore = time > now() ? 0 : time - clockSkewMs
      return await history.find(streamId, commandId, { head: ground, notBefore, signal })
    }
    // Of a stream without events only the store knows whether it was tombstoned.
    if (version === 0 || read === 'nothing') await store.append(streamId, [], { expectedVersion: version })
    return undefined
  }

  /** The result of a command whose id the store knows, although now another decision was made. */
  async #firstResult(
    { streamId, task }: Request<Command>,
    refusal: unknown,
  ): Promise<RecordedCommit<NewEventOf<E>>> {
    const { commandId, signal } = task
    const isKnown = refusal instanceof DuplicateEventError && refusal.id === commandId
    const found = isKnown ? await this.#parts.history.find(streamId, refusal.id, { signal }) : undefined
    if (found === undefined) throw refusal
    return found
  }

  /** The commit that the store says was recorded before. */
  async #recorded(
    { streamId, version, commitId }: AppendReceipt,
    { signal }: Task,
  ): Promise<RecordedCommit<NewEventOf<E>>> {
    const found =
      commitId && (await this.#parts.history.find(streamId, commitId, { toVersion: version, signal }))
    if (found === undefined) throw new StreamTombstonedError(streamId)
    return found
  }

  #repeated(request: Request<Command>, commit: RecordedCommit<NewEventOf<E>>): Accepted<NewEventOf<E>> {
    return this.#accepted(request, commit, true)
  }

  #accepted(
    { streamId, task: { commandId } }: Request<Command>,
    commit: {
      readonly events: readonly NewEventOf<E>[]
      readonly fromVersion: number
      readonly version: EventVersion
      readonly position: Position | undefined
    },
    replayed = false,
  ): Accepted<NewEventOf<E>> {
    const { store, decode } = this.#parts
    const { events, fromVersion, version, position } = commit
    const stream = {
      [Symbol.asyncIterator]: () =>
        decodeEvents(store.read(streamId, { fromVersion, toVersion: version }), decode),
    }
    return { kind: 'accepted', streamId, version, events, position, stream, commandId, replayed }
  }
}
