import type { Envelope, Position, StoredEvent } from '@millrace/contracts'

import { thrownAbout } from '../errors/withheld.ts'
import type { RuntimeScope } from '../runtime/runtime-scope.ts'

/** A record and the one of its envelopes a delivery is about. */
export interface FoundRecord {
  readonly envelope: Envelope
  readonly stored: StoredEvent
}

/** What looking for a delivery's record came to. */
export type RecordLookup =
  | { readonly kind: 'found'; readonly found: FoundRecord }
  | { readonly kind: 'gone'; readonly reason: string }
  | { readonly kind: 'unreadable'; readonly stored: StoredEvent; readonly error: string }
  | { readonly kind: 'unavailable'; readonly error: string }

function pick(scope: RuntimeScope, stored: StoredEvent, recordId: string): RecordLookup {
  try {
    const envelope = scope.decode(stored).find(({ id }) => id === recordId)
    if (envelope === undefined) return { kind: 'gone', reason: 'the record no longer decodes to this event' }
    return { kind: 'found', found: { envelope, stored } }
  } catch (error) {
    return { kind: 'unreadable', stored, error: scope.errorText(thrownAbout([stored], error)) }
  }
}

/** Reads and decodes the record a delivery refers to; never rejects. */
export async function findRecord(
  scope: RuntimeScope,
  at: { readonly position: Position; readonly recordId: string },
): Promise<RecordLookup> {
  try {
    const stored = await scope.log.readAt(at.position)
    if (stored === undefined) return { kind: 'gone', reason: 'the record is no longer in the log' }
    return pick(scope, stored, at.recordId)
  } catch (error) {
    return { kind: 'unavailable', error: scope.errorText(error) }
  }
}
