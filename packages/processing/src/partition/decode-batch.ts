import type { StoredEvent } from '@millrace/contracts'
import type { NewParkedRecord } from '@millrace/contracts'

import { isUpcastFailure } from '../errors/classify.ts'
import type { LedgerOwner } from '../ledger/partition-ledger.ts'
import { copyOf } from '../ledger/record-copy.ts'
import type { DecodedRecord } from '../processor/handler-context.ts'
import { readableBy } from '../processor/stored-filter.ts'

/** Records of one partition, decoded; those that could not be are to be parked. */
export interface DecodedBatch {
  readonly records: readonly DecodedRecord[]
  readonly malformed: readonly NewParkedRecord[]
}

/** A record that is passed over: no upcaster lifts it, and it was asked that this holds nothing up. */
export interface SkippedRecord {
  readonly recordId: string
  readonly reason: string
}

/** What decoding a batch came to. */
export interface Decoding extends DecodedBatch {
  readonly skipped: readonly SkippedRecord[]
}

/** What is parked of a record. */
export function parkedOf(stored: StoredEvent, reason: string): NewParkedRecord {
  return { recordId: stored.id, position: stored.position, reason, record: copyOf(stored) }
}

/** Decodes record by record, so that one that cannot be read stops no other. */
export function decodeBatch(
  { scope, processor }: Pick<LedgerOwner, 'scope' | 'processor'>,
  stored: readonly StoredEvent[],
): Decoding {
  const { decode, errorText } = scope
  const records: DecodedRecord[] = []
  const malformed: NewParkedRecord[] = []
  const skipped: SkippedRecord[] = []
  // Where a record can be parked, nothing needs to be skipped.
  const maySkip = scope.skipUpcastErrors && !scope.store.effects
  for (const each of stored) {
    try {
      records.push({ stored: each, envelopes: readableBy(processor, decode, decode(each)) })
    } catch (error) {
      const reason = errorText(error)
      if (maySkip && isUpcastFailure(error)) skipped.push({ recordId: each.id, reason })
      else malformed.push(parkedOf(each, reason))
    }
  }
  return { records, malformed, skipped }
}

/** The same records, grouped by commit, in order. */
export function byCommit(records: readonly DecodedRecord[]): readonly (readonly DecodedRecord[])[] {
  return [...Map.groupBy(records, ({ stored }) => stored.position.commit).values()]
}
