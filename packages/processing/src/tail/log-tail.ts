import type { EventLog, LogBatch, LogFilter, Position, StoredEvent } from '@millrace/contracts'

import { TailWindow } from './tail-window.ts'
import type { WindowBounds } from './tail-window.ts'

/** Settings of a {@link LogTail}. */
export interface LogTailOptions {
  /** Records of one reading. */
  readonly batchSize: number
  /** @defaultValue 5_000 records, 16 MB */
  readonly window?: WindowBounds
}

/** Where a reader stands and what it is after. */
export interface NextOptions {
  readonly filter?: LogFilter | undefined
  /** Ends the wait; undefined is returned then. */
  readonly signal: AbortSignal
}

type Waiter = PromiseWithResolvers<void>

const defaultWindow: WindowBounds = { maxRecords: 5_000, maxBytes: 16_000_000 }
const idleMs = 30_000

/**
 * The one reading of a log in this process. Readers that have caught up share its batches; it reads on only when one
 * of them waits for more, so the fastest sets the pace. A reader outside of the window reads alone, with its own filter,
 * until its position lies in the window or it is at the head itself; then the window moves there.
 */
export class LogTail implements Disposable {
  readonly #log: EventLog<StoredEvent>
  readonly #options: LogTailOptions
  readonly #closed = new AbortController()
  readonly #waiters = new Set<Waiter>()
  #window: TailWindow | undefined
  #idle: AbortController | undefined
  #pumping = false

  constructor(log: EventLog<StoredEvent>, options: LogTailOptions) {
    this.#log = log
    this.#options = options
  }

  /**
   * The whole commits after a position, waiting at the head; undefined once the signal aborts. Shared batches are not
   * filtered. Throws what the log throws.
   */
  async next(after: Position, options: NextOptions): Promise<LogBatch<StoredEvent> | undefined> {
    const { signal } = options
    while (!signal.aborted && !this.#closed.signal.aborted) {
      // Asked again after every wait: meanwhile the window may have moved past this reader.
      if (this.#window?.covers(after) === true) {
        const shared = this.#window.after(after, this.#options.batchSize)
        if (shared !== undefined) return shared
        await this.#waitForBatch(signal)
        continue
      }
      const alone = await this.#readAlone(after, options)
      if (alone === undefined) return undefined
      const hasMoved = alone.end.commit !== after.commit
      if (!hasMoved || (await this.#isNearHead(after, alone))) this.#shareFrom(alone.end)
      if (hasMoved) return alone
    }
    return undefined
  }

  /** Looks for more at once, instead of waiting for the log's own wake-up. */
  poke(): void {
    this.#idle?.abort()
  }

  [Symbol.dispose](): void {
    this.#closed.abort()
    this.#idle?.abort()
    for (const waiter of this.#waiters) waiter.resolve()
  }

  async #readAlone(after: Position, options: NextOptions): Promise<LogBatch<StoredEvent> | undefined> {
    const { filter, signal } = options
    const maxRecords = this.#options.batchSize
    try {
      return await this.#log.readBatch(after, {
        maxRecords,
        signal,
        ...(filter === undefined ? {} : { filter }),
      })
    } catch (error) {
      if (signal.aborted) return undefined
      throw error
    }
  }

  /** A short batch alone proves nothing: a log may count what its filter left out, or bound a batch by its bytes. */
  async #isNearHead(after: Position, { records, end }: LogBatch<StoredEvent>): Promise<boolean> {
    const { batchSize } = this.#options
    if (records.length >= batchSize || end.commit - after.commit >= batchSize || !this.#leads(end))
      return false
    const head = await this.#log.head()
    return head.commit - end.commit <= batchSize
  }

  /** The shared reading goes on from a reader at the head that is ahead of it; those it leaves behind read alone. */
  #shareFrom(end: Position): void {
    if (!this.#leads(end)) return
    this.#window = new TailWindow(end, this.#options.window ?? defaultWindow)
    this.#wakeWaiters()
    this.#idle?.abort()
  }

  #leads({ generation, commit }: Position): boolean {
    const shared = this.#window?.end
    return shared === undefined || generation !== shared.generation || commit > shared.commit
  }

  #wakeWaiters(): void {
    for (const waiter of this.#waiters) waiter.resolve()
    this.#waiters.clear()
  }

  async #waitForBatch(signal: AbortSignal): Promise<void> {
    // An abort that came during the reading is not told again.
    if (signal.aborted || this.#closed.signal.aborted) return
    const waiter = Promise.withResolvers<void>()
    const onAbort = (): void => waiter.resolve()
    signal.addEventListener('abort', onAbort, { once: true })
    this.#waiters.add(waiter)
    if (!this.#pumping) void this.#pump()
    try {
      await waiter.promise
    } finally {
      this.#waiters.delete(waiter)
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Reads on for as long as somebody waits. Never rejects: a failure is the waiters'. */
  async #pump(): Promise<void> {
    this.#pumping = true
    try {
      while (this.#waiters.size > 0 && !this.#closed.signal.aborted) await this.#readOn()
    } catch (error) {
      for (const waiter of this.#waiters) waiter.reject(error)
    } finally {
      this.#pumping = false
    }
  }

  async #readOn(): Promise<void> {
    const window = this.#window
    if (window === undefined) return
    const batch = await this.#log.readBatch(window.end, { maxRecords: this.#options.batchSize })
    if (batch.end.commit === window.end.commit) return await this.#idleUntilMore(window.end)
    window.push(batch)
    this.#wakeWaiters()
  }

  async #idleUntilMore(end: Position): Promise<void> {
    const idle = new AbortController()
    this.#idle = idle
    if (this.#closed.signal.aborted) return
    try {
      await this.#log.waitForMore(end, { timeoutMs: idleMs, signal: idle.signal })
    } catch (error) {
      if (!idle.signal.aborted) throw error
    } finally {
      this.#idle = undefined
    }
  }
}
