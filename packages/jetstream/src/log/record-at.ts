import type { Position, StoredEvent } from '@millrace/contracts'

import { messageAt } from '../read/exact-source.ts'
import type { ReadParts } from '../read/read-parts.ts'
import { recordsOf } from '../read/record-decoder.ts'
import { ScanSource } from '../read/scan-source.ts'
import { largestCommit } from '../wire/commit-header.ts'
import type { StoredMessage } from '../wire/stored-message.ts'

/** The record at a position. A commit is named after its last message; the record may lie in one of those before it. */
export async function recordAt(parts: ReadParts, position: Position): Promise<StoredEvent | undefined> {
  const { commit } = position
  if (commit === 0) return undefined
  const last = await messageAt(parts, commit, undefined)
  const found = last === undefined ? undefined : eventIn(last, position, parts)
  if (found !== undefined || (last !== undefined && isOutside(last, position, parts))) return found
  const from = Math.max(1, commit - largestCommit + 1)
  const before = new ScanSource(parts, parts.subjects.events(), { from, until: commit, signal: undefined })
  for (let page = await before.next(); page !== undefined; page = await before.next())
    for (const message of page) {
      const event = eventIn(message, position, parts)
      if (event !== undefined) return event
    }
  return undefined
}

function eventIn(
  message: StoredMessage,
  { commit, index }: Position,
  parts: ReadParts,
): StoredEvent | undefined {
  const records = recordsOf(message, undefined, parts)
  if (records?.commit !== commit) return undefined
  return records.events[index - (records.lastIndex - records.events.length + 1)]
}

/** Whether none of the messages before the last can hold the record. */
function isOutside(last: StoredMessage, { index }: Position, parts: ReadParts): boolean {
  const records = recordsOf(last, undefined, parts)
  if (records === undefined) return true
  const { lastIndex, events } = records
  return index > lastIndex || lastIndex + 1 === events.length
}
