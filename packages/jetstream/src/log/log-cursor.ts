import { setImmediate as nextTurn } from 'node:timers/promises'

import type { LogBatch, StoredEvent } from '@millrace/contracts'

import { PullConsumer } from '../consumers/pull-consumer.ts'
import type { ReadParts } from '../read/read-parts.ts'
import type { BatchBuilder } from './batch-builder.ts'

/** Reading a message takes microseconds, during which an answer of a database, say, waits. */
const mostAtOnce = 128

/** A consumer that stands somewhere in the log, for the reader who will ask for what comes next. */
export class LogCursor implements AsyncDisposable {
  readonly #consumer: PullConsumer
  #at: number
  #users = 0
  #usedAt = performance.now()

  private constructor(consumer: PullConsumer, at: number) {
    this.#consumer = consumer
    this.#at = at
  }

  static async open(parts: ReadParts, at: number, signal: AbortSignal | undefined): Promise<LogCursor> {
    const target = { after: at, filters: [], purpose: 'log' } as const
    return new LogCursor(await PullConsumer.open(parts, target, signal), at)
  }

  /** The commit it stands behind. */
  get at(): number {
    return this.#at
  }

  get isUsed(): boolean {
    return this.#users > 0
  }

  /** Milliseconds since it was last used. */
  get idleMs(): number {
    return this.isUsed ? 0 : performance.now() - this.#usedAt
  }

  /** True where a message waits behind its place. */
  get hasMore(): boolean {
    return this.#consumer.waiting > 0
  }

  /** Runs something during which nobody closes it for want of use. */
  async whileUsed<T>(run: () => Promise<T>): Promise<T> {
    this.#users += 1
    try {
      return await run()
    } finally {
      this.#users -= 1
      this.#usedAt = performance.now()
    }
  }

  /** Resolves when something came, if only a sign of life. */
  async change(signal: AbortSignal | undefined): Promise<void> {
    await this.#consumer.change(signal)
  }

  /** Fills the batch. `isOver` says whether there is nothing behind a sequence; it is asked where nothing waits. */
  async readInto(
    batch: BatchBuilder,
    isOver: (after: number) => Promise<boolean>,
    signal: AbortSignal | undefined,
  ): Promise<LogBatch<StoredEvent>> {
    for (;;) {
      if (this.#takeInto(batch)) break
      if (this.hasMore) await nextTurn()
      else if (await this.#isOver(batch, isOver)) break
      else if (!this.hasMore) await this.#consumer.change(signal)
    }
    this.#at = batch.end.commit
    return batch.build()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#consumer[Symbol.asyncDispose]()
  }

  /** True once the batch takes no more. Takes so many at once as others may wait for. */
  #takeInto(batch: BatchBuilder): boolean {
    for (let i = 0; i < mostAtOnce; i++) {
      const message = this.#consumer.first
      if (message === undefined) break
      if (!batch.take(message)) return true
      this.#consumer.take()
    }
    return batch.isDone
  }

  /** Nothing waits: whether more is on its way that belongs into the batch. */
  async #isOver(batch: BatchBuilder, isOver: (after: number) => Promise<boolean>): Promise<boolean> {
    const { examined, pending = 0 } = this.#consumer
    // The rest of a commit comes, unless it was deleted or never was: then there is nothing, or the server has looked there.
    if (batch.isCut && examined < batch.commit) return await isOver(examined)
    // The last delivery may be older than the last append.
    return batch.isDone || (pending === 0 && (await isOver(examined)))
  }
}
