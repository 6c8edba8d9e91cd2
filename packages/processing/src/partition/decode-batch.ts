import type { StoredEvent } from '@millrace/contracts'
import type { NewParkedRecord } from '@millrace/contracts'

import { copyOf } from '../ledger/record-copy.ts'
import type { DecodedRecord } from '../processor/handler-context.ts'
import type { RuntimeScope } from '../runtime/runtime-scope.ts'

/** Records of one partition, decoded; those that could not be are to be parked. */
export interface DecodedBatch {
  readonly records: readonly DecodedRecord[]
  readonly malformed: readonly NewParkedRecord[]
}

/** What is parked of a record. */
export function parkedOf(stored: StoredEvent, reason: string): NewParkedRecord {
  return { recordId: stored.id, position: stored.position, reason, record: copyOf(stored) }
}

/** Decodes record by record, so that one that cannot be read stops no other. */
export function decodeBatch(scope: RuntimeScope, stored: readonly StoredEvent[]): DecodedBatch {
  const records: DecodedRecord[] = []
  const malformed: NewParkedRecord[] = []
  for (const each of stored) {
    try {
      records.push({ stored: each, envelopes: scope.decode(each) })
    } catch (error) {
      malformed.push(parkedOf(each, scope.errorText(error)))
    }
  }
  return { records, malformed }
}

/** The same records, grouped by commit, in order. */
export function byCommit(records: readonly DecodedRecord[]): readonly (readonly DecodedRecord[])[] {
  return [...Map.groupBy(records, ({ stored }) => stored.position.commit).values()]
}
