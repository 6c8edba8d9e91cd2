import type { LogBatch, Position, StoredEvent } from '@millrace/contracts'

/** What a {@link TailWindow} may hold. */
export interface WindowBounds {
  readonly maxRecords: number
  /** Of payload, in characters or bytes. */
  readonly maxBytes: number
}

interface Held {
  readonly batch: LogBatch<StoredEvent>
  readonly bytes: number
}

function bytesOf(batch: LogBatch<StoredEvent>): number {
  return batch.records.reduce((sum, { payload }) => sum + payload.length, 0)
}

/**
 * The most recent batches of a log, without a gap. The oldest leave when a bound is passed; the newest always stays,
 * so that memory is bounded by the bounds and one batch.
 */
export class TailWindow {
  readonly #bounds: WindowBounds
  readonly #held: Held[] = []
  #records = 0
  #bytes = 0
  #start: Position
  #end: Position

  constructor(start: Position, bounds: WindowBounds) {
    this.#bounds = bounds
    this.#start = start
    this.#end = start
  }

  /** Where the next batch begins. */
  get end(): Position {
    return this.#end
  }

  get records(): number {
    return this.#records
  }

  /** True when a reader at this position can go on from the window. */
  covers(after: Position): boolean {
    const { generation, commit } = after
    return generation === this.#start.generation && commit >= this.#start.commit && commit <= this.#end.commit
  }

  /** Adds the batch that follows {@link TailWindow.end}. */
  push(batch: LogBatch<StoredEvent>): void {
    const bytes = bytesOf(batch)
    this.#held.push({ batch, bytes })
    this.#records += batch.records.length
    this.#bytes += bytes
    this.#end = batch.end
    while (this.#held.length > 1 && this.#isOverfull()) this.#evict()
  }

  /** The whole commits after a covered position, up to the end of the batch they lie in; undefined at the end. */
  after(position: Position): LogBatch<StoredEvent> | undefined {
    const held = this.#held.find(({ batch }) => batch.end.commit > position.commit)
    if (held === undefined) return undefined
    const { records, end } = held.batch
    const [first] = records
    if (first === undefined || first.position.commit > position.commit) return held.batch
    return { records: records.filter((record) => record.position.commit > position.commit), end }
  }

  #isOverfull(): boolean {
    return this.#records > this.#bounds.maxRecords || this.#bytes > this.#bounds.maxBytes
  }

  #evict(): void {
    const oldest = this.#held.shift()
    if (oldest === undefined) return
    this.#records -= oldest.batch.records.length
    this.#bytes -= oldest.bytes
    this.#start = oldest.batch.end
  }
}
