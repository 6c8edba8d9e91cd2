import { InvalidValueError, StoreOver } from '@millrace/contracts'
import type {
  AppendOptions,
  AppendReceipt,
  CommitOptions,
  CommitReceipt,
  EventStore,
  NewEvent,
  Position,
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
  /** Runs the relay, here or in another process. */
  readonly runtime: Pick<ProcessorRuntime, 'reached' | 'wake'>
  /** The result of `defineRelay`. */
  readonly relay: Pick<Processor, 'name'>
  /** Milliseconds an append waits in mode `sync`: 1 to 600_000. @defaultValue 10_000 */
  readonly timeoutMs?: number
}

/** Whether others have the events by now. False: not yet, or nobody waited; they will. */
interface Published {
  readonly published: boolean
}

/** The result of an append that may have been waited for. */
export type PublishReceipt = AppendReceipt & Published

/** The result of a commit that may have been waited for. */
export type PublishCommitReceipt = CommitReceipt & Published

const defaultTimeoutMs = 10_000
const maxTimeoutMs = 600_000

function last(receipts: readonly AppendReceipt[]): Position | undefined {
  return receipts.map(({ position }) => position).findLast((position) => position !== undefined)
}

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
    return { ...receipt, published: await this.#published(receipt.position) }
  }

  override async commit(
    writes: readonly StreamWrite[],
    options?: CommitOptions,
  ): Promise<PublishCommitReceipt> {
    const receipt = await this.store.commit(writes, options)
    return { ...receipt, published: await this.#published(last(receipt.streams)) }
  }

  override async tombstone(streamId: StreamId, options: TombstoneOptions): Promise<PublishReceipt> {
    const receipt = await this.store.tombstone(streamId, options)
    return { ...receipt, published: await this.#published(receipt.position) }
  }

  /** Never throws: the events are recorded, whatever can be found out about their publishing. */
  async #published(position: Position | undefined): Promise<boolean> {
    const { mode, runtime, relay, timeoutMs = defaultTimeoutMs } = this.#options
    if (mode === 'async') return false
    // Nothing was written: nothing is missing elsewhere.
    if (position === undefined) return true
    try {
      runtime.wake()
      return await runtime.reached(relay.name, position, { timeoutMs })
    } catch {
      return false
    }
  }
}

/**
 * Lets appends wait for the relay. Nothing is written twice: the relay reads the log in which an append records its
 * events, in the append's own transaction where there is one.
 *
 * @throws {@link InvalidValueError} naming the option
 */
export function publishThrough(store: EventStore, options: PublishThroughOptions): PublishingStore {
  const { mode, timeoutMs = defaultTimeoutMs } = options
  if (mode !== 'sync' && mode !== 'async') throw new InvalidValueError('options.mode', "'sync' or 'async'")
  if (!(Number.isSafeInteger(timeoutMs) && timeoutMs >= 1 && timeoutMs <= maxTimeoutMs))
    throw new InvalidValueError('options.timeoutMs', `a whole number from 1 to ${maxTimeoutMs}`)
  return new PublishingStore(store, options)
}
