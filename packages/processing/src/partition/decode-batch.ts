import type { StoredEvent } from '@millrace/contracts'
import type { NewParkedRecord } from '@millrace/contracts'

import { isUpcastFailure } from '../errors/classify.ts'
import { thrownAbout } from '../errors/withheld.ts'
import type { LedgerOwner } from '../ledger/partition-ledger.ts'
import { copyOf } from '../ledger/record-copy.ts'
import type { Processor } from '../processor/define-processor.ts'
import type { DecodedRecord } from '../processor/handler-context.ts'
import { readableBy } from '../processor/stored-filter.ts'

/** Records of one partition, decoded; those that could not be are to be parked. */
export interface DecodedBatch {
  readonly records: readonly DecodedRecord[]
  readonly malformed: readonly NewParkedRecord[]
}

/** A record that is passed over: no upcaster lifts it, and it was asked that this holds nothing up. It is parked where it can be. */
export interface SkippedRecord {
  readonly recordId: string
  readonly reason: string
}

/** What decoding a batch came to. */
export interface Decoding extends DecodedBatch {
  readonly skipped: readonly SkippedRecord[]
}

/** What is parked of a record. */
export function parkedOf(
  { onParked }: Pick<Processor, 'onParked'>,
  stored: StoredEvent,
  reason: string,
): NewParkedRecord {
  const parked = { recordId: stored.id, position: stored.position, reason, record: copyOf(stored) }
  return onParked === 'hold' ? { ...parked, holds: stored.streamId } : parked
}

/** Decodes record by record, so that one that cannot be read stops no other. */
export function decodeBatch(
  { scope, processor }: Pick<LedgerOwner, 'scope' | 'processor'>,
  stored: readonly StoredEvent[],
): Decoding {
  const { decode, sharedDecoder, errorText } = scope
  const records: DecodedRecord[] = []
  const malformed: NewParkedRecord[] = []
  const skipped: SkippedRecord[] = []
  for (const each of stored) {
    try {
      records.push({
        stored: each,
        envelopes: readableBy(processor, decode, processor.pure ? sharedDecoder.decode(each) : decode(each)),
      })
    } catch (error) {
      const reason = errorText(thrownAbout([each], error))
      const isSkipped = scope.skipUpcastErrors && isUpcastFailure(error)
      if (isSkipped) skipped.push({ recordId: each.id, reason })
      // What is skipped is parked too, where that can be done; but nothing waits behind it.
      if (!isSkipped) malformed.push(parkedOf(processor, each, reason))
      else if (scope.store.effects) malformed.push(parkedOf({ onParked: 'release' }, each, reason))
    }
  }
  return { records, malformed, skipped }
}

/** The same records, grouped by commit, in order. */
export function byCommit(records: readonly DecodedRecord[]): readonly (readonly DecodedRecord[])[] {
  return [...Map.groupBy(records, ({ stored }) => stored.position.commit).values()]
}
