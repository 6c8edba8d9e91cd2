import { ConfigurationError, InvalidValueError, StoreOver } from '@millrace/contracts'
import type {
  AppendOptions,
  AppendReceipt,
  CommitOptions,
  CommitReceipt,
  EventStore,
  NewEvent,
  Position,
  ProcessorStore,
  StreamId,
  StreamWrite,
  TombstoneOptions,
} from '@millrace/contracts'
import type { Processor, ProcessorRuntime } from '@millrace/processing'

/** Settings of {@link publishThrough}. */
export interface PublishThroughOptions {
  /**
   * `sync`: an append waits until the relay has published its events, or the time is up. `async`: it returns as soon as they
   * are recorded. Either way they are published: the log they are recorded in is the outbox.
   */
  readonly mode: 'sync' | 'async'
  /** Runs the relay: its partitions may be at work here or in another process. */
  readonly runtime: Pick<ProcessorRuntime, 'reached' | 'runs' | 'wake'>
  /** That of the runtime: it knows what the other side refused. */
  readonly processors: Pick<ProcessorStore, 'deadLetters'>
  /** The result of `defineRelay`. */
  readonly relay: Pick<Processor, 'name'>
  /** Milliseconds an append waits in mode `sync`: 1 to 600_000. @defaultValue 10_000 */
  readonly timeoutMs?: number
}

/** Whether others have the events by now. False: not yet, refused and parked, or nobody waited. */
interface Published {
  readonly published: boolean
}

/** The result of an append that may have been waited for. */
export type PublishReceipt = AppendReceipt & Published

/** The result of a commit that may have been waited for. */
export type PublishCommitReceipt = CommitReceipt & Published

const defaultTimeoutMs = 10_000
const maxTimeoutMs = 600_000
const mostHeld = 1_000

type Recorded = AppendReceipt & { readonly position: Position }

const isRecorded = (receipt: AppendReceipt): receipt is Recorded => receipt.position !== undefined

/** An event store whose appends say whether their events were published. */
export class PublishingStore extends StoreOver {
  readonly #options: PublishThroughOptions

  constructor(store: EventStore, options: PublishThroughOptions) {
    super(store)
    this.#options = options
  }

  override async append(
    streamId: StreamId,
    events: readonly NewEvent[],
    options: AppendOptions,
  ): Promise<PublishReceipt> {
    const receipt = await this.store.append(streamId, events, options)
    return { ...receipt, published: await this.#published([receipt]) }
  }

  override async commit(
    writes: readonly StreamWrite[],
    options?: CommitOptions,
  ): Promise<PublishCommitReceipt> {
    const receipt = await this.store.commit(writes, options)
    return { ...receipt, published: await this.#published(receipt.streams) }
  }

  override async tombstone(streamId: StreamId, options: TombstoneOptions): Promise<PublishReceipt> {
    const receipt = await this.store.tombstone(streamId, options)
    return { ...receipt, published: await this.#published([receipt]) }
  }

  /** Never throws: the events are recorded, whatever can be found out about their publishing. */
  async #published(receipts: readonly AppendReceipt[]): Promise<boolean> {
    const { mode, runtime, relay, timeoutMs = defaultTimeoutMs } = this.#options
    if (mode === 'async') return false
    const recorded = receipts.filter(isRecorded)
    const position = recorded.at(-1)?.position
    // Nothing was written: nothing is missing elsewhere.
    if (position === undefined) return true
    try {
      runtime.wake()
      if (!(await runtime.reached(relay.name, position, { timeoutMs }))) return false
      return !(await this.#isHeld(recorded))
    } catch {
      return false
    }
  }

  /** The relay passes what the other side refused, and holds its stream from there on. */
  async #isHeld(recorded: readonly Recorded[]): Promise<boolean> {
    const { processors, relay } = this.#options
    const { count, streams } = await processors.deadLetters.held(relay.name, mostHeld)
    // With so many of them nobody looks further: what is not known to be published is not said to be.
    if (count > streams.length) return true
    const held = new Set(streams.map(({ stream }) => stream))
    return recorded.some(({ streamId }) => held.has(streamId))
  }
}

/**
 * Lets appends wait for the relay. Nothing is written twice: the relay reads the log in which an append records its
 * events, in the append's own transaction where there is one.
 *
 * @throws {@link InvalidValueError} naming the option; {@link ConfigurationError} for a relay the runtime does not run, in mode
 * `sync`
 */
export function publishThrough(store: EventStore, options: PublishThroughOptions): PublishingStore {
  const { mode, runtime, relay, timeoutMs = defaultTimeoutMs } = options
  if (mode !== 'sync' && mode !== 'async') throw new InvalidValueError('options.mode', "'sync' or 'async'")
  if (!(Number.isSafeInteger(timeoutMs) && timeoutMs >= 1 && timeoutMs <= maxTimeoutMs))
    throw new InvalidValueError('options.timeoutMs', `a whole number from 1 to ${maxTimeoutMs}`)
  if (mode === 'sync' && !runtime.runs(relay.name))
    throw new ConfigurationError(
      `relay ${relay.name}`,
      'is not run by this runtime: nobody could wait for it',
    )
  return new PublishingStore(store, options)
}
