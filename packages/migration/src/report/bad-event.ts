import { isMillraceError } from '@millrace/contracts'
import type { EventId, Position, StoredEvent, StreamId } from '@millrace/contracts'

/** An event that cannot be brought to its current form. */
export interface BadEvent {
  readonly streamId: StreamId
  /** Its place in its stream; 0 where it could not be read. */
  readonly version: number
  readonly id: EventId
  readonly type: string
  readonly schemaVersion: number
  readonly position: Position
  /** The code of the error, for example `ERR_UPCASTER_FAILED`. */
  readonly code: string
  readonly reason: string
}

/** What is wrong with an event, from what it failed with. */
export function badEvent(stored: StoredEvent, error: unknown): BadEvent {
  const { streamId, version, id, type, schemaVersion, position } = stored
  const code = isMillraceError(error) ? error.code : 'ERR_UNEXPECTED'
  return { streamId, version, id, type, schemaVersion, position, code, reason: reasonOf(error) }
}

/** With the causes: an upcaster's own words say more than that it failed. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}: ${reasonOf(error.cause)}`
}
