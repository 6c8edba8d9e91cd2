import { headerOf } from '../link/raw-message.ts'
import type { EventsMessage } from '../wire/decode-message.ts'
import type { StoredMessage } from '../wire/stored-message.ts'
import { parseTrail, trailHeaderName } from '../wire/trail.ts'

const none: readonly number[] = []

/**
 * Sequences of the messages before this one in its stream, newest first, as far as the message tells; none for the first,
 * and where it does not tell.
 */
export function trailOf(message: StoredMessage, { header }: EventsMessage): readonly number[] {
  if (header.version === 1) return none
  const trail = headerOf(message.headers, trailHeaderName)
  if (trail !== undefined) return parseTrail(trail, message.sequence) ?? none
  return none
}
