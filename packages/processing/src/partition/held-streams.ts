import type { NewParkedRecord, Position } from '@millrace/contracts'

import type { Processor } from '../processor/define-processor.ts'
import type { DecodedRecord } from '../processor/handler-context.ts'
import { parkedOf } from './decode-batch.ts'
import type { DecodedBatch } from './decode-batch.ts'

/** Why a record was parked that nobody tried. */
const behindReason = 'waits behind an earlier event of its stream that is parked'

const isBefore = (a: Position, b: Position): boolean =>
  a.commit - b.commit < 0 || (a.commit === b.commit && a.index < b.index)

/** The streams of a partition of which a record is parked, for a processor that holds what follows. */
export class HeldStreams {
  readonly #processor: Pick<Processor, 'onParked'>
  #streams: ReadonlySet<string> = new Set()

  constructor(processor: Pick<Processor, 'onParked'>) {
    this.#processor = processor
  }

  /** False for a processor whose streams go on. */
  get hold(): boolean {
    return this.#processor.onParked === 'hold'
  }

  /** What the store says now. */
  replace(streams: readonly string[]): void {
    this.#streams = new Set(streams)
  }

  /** To be called when these are parked durably. */
  add(parked: readonly NewParkedRecord[]): void {
    const held = parked.flatMap(({ holds }) => (holds === undefined ? [] : [holds]))
    if (held.length > 0) this.#streams = new Set([...this.#streams, ...held])
  }

  /** A record parked untried. */
  behind({ stored }: DecodedRecord): NewParkedRecord {
    return { ...parkedOf(this.#processor, stored, behindReason), waiting: true }
  }

  /** The batch with what has to wait moved among what is parked. */
  withhold<Batch extends DecodedBatch>(batch: Batch): Batch {
    if (!this.hold || (this.#streams.size === 0 && batch.malformed.length === 0)) return batch
    const from = firstOfEach(batch.malformed)
    const waits = ({ stored }: DecodedRecord): boolean => {
      const first = from.get(stored.streamId)
      return this.#streams.has(stored.streamId) || (first !== undefined && isBefore(first, stored.position))
    }
    const waiting = batch.records.filter(waits)
    if (waiting.length === 0) return batch
    const records = batch.records.filter((record) => !waits(record))
    const malformed = [...batch.malformed, ...waiting.map((record) => this.behind(record))]
    return { ...batch, records, malformed }
  }
}

function firstOfEach(parked: readonly NewParkedRecord[]): ReadonlyMap<string, Position> {
  const first = new Map<string, Position>()
  for (const { holds, position } of parked) {
    const known = holds === undefined ? undefined : first.get(holds)
    if (holds !== undefined && (known === undefined || isBefore(position, known))) first.set(holds, position)
  }
  return first
}
