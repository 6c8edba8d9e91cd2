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

  /**
   * The whole commits after a covered position; undefined at the end. Batches that were read one by one, because there was
   * no more at the time, are given together up to so many records, or at least one of them.
   */
  after(position: Position, maxRecords: number): LogBatch<StoredEvent> | undefined {
    const first = this.#held.findIndex(({ batch }) => batch.end.commit > position.commit)
    const held = this.#held[first]
    if (held === undefined) return undefined
    const one = behind(held.batch, position)
    const records = [...one.records]
    let { end } = one
    for (const { batch } of this.#held.slice(first + 1)) {
      if (records.length + batch.records.length > maxRecords) break
      records.push(...batch.records)
      end = batch.end
    }
    return end === one.end ? one : { records, end }
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

/** What of a batch lies behind a position; the batch itself where all of it does. */
function behind(batch: LogBatch<StoredEvent>, { commit }: Position): LogBatch<StoredEvent> {
  const { records, end } = batch
  const [first] = records
  if (first === undefined || first.position.commit > commit) return batch
  return { records: records.filter((record) => record.position.commit > commit), end }
}
