import type { EventLog, LogBatch, LogLag, Position, ReadBatchOptions, StoredEvent } from '@millrace/contracts'

import type { EventOpener } from './event-opener.ts'

/** A log whose records come with their keys at hand. */
export class ProtectedLog implements EventLog<StoredEvent> {
  readonly #log: EventLog<StoredEvent>
  readonly #opener: EventOpener

  constructor(log: EventLog<StoredEvent>, opener: EventOpener) {
    this.#log = log
    this.#opener = opener
  }

  get name(): string {
    return this.#log.name
  }

  get formerGenerations(): readonly string[] {
    return this.#log.formerGenerations ?? []
  }

  async translate(former: Position): Promise<Position | undefined> {
    return await this.#log.translate?.(former)
  }

  async archived(): Promise<Position | undefined> {
    return await this.#log.archived?.()
  }

  beginning(): Promise<Position> {
    return this.#log.beginning()
  }

  head(): Promise<Position> {
    return this.#log.head()
  }

  async readBatch(after: Position, options?: ReadBatchOptions): Promise<LogBatch<StoredEvent>> {
    const batch = await this.#log.readBatch(after, options)
    await this.#opener.prepare(batch.records)
    return batch
  }

  async readAt(position: Position): Promise<StoredEvent | undefined> {
    const record = await this.#log.readAt(position)
    if (record !== undefined) await this.#opener.prepare([record])
    return record
  }

  waitForMore(
    after: Position,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<boolean> {
    return this.#log.waitForMore(after, options)
  }

  lag(after: Position): Promise<LogLag> {
    return this.#log.lag(after)
  }
}
