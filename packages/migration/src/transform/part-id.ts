import { createHash } from 'node:crypto'

import { parseEventId } from '@millrace/contracts'
import type { EventId } from '@millrace/contracts'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const timeLength = 10
const randomLength = 16

/**
 * The id of a part of a split event. The first keeps the event's own, which others may name as their cause; every other
 * gets one that is derived from it: the same time, and the same id whenever the event is split again.
 */
export function partId(id: EventId, index: number): EventId {
  if (index === 0) return id
  const digest = createHash('sha256').update(`${id}#${index}`).digest()
  let text = id.slice(0, timeLength)
  // The five low bits of a byte each: 80 bits in all, as a ULID has them behind its time.
  for (const byte of digest.subarray(0, randomLength)) text += alphabet.charAt(byte % alphabet.length)
  return parseEventId(text)
}
