import { StreamCorruptError } from '@millrace/contracts'
import type { StoredEvent } from '@millrace/contracts'

import { decodeMessage } from '../wire/decode-message.ts'
import { malformedEvent } from '../wire/malformed-event.ts'
import type { StoredMessage } from '../wire/stored-message.ts'
import type { ReadParts } from './read-parts.ts'
import type { Keep } from './selection.ts'

/** The records of one message of the log. */
export interface MessageRecords {
  /** Sequence of the last message of the commit. */
  readonly commit: number
  /** Index in the commit of the message's last event. */
  readonly lastIndex: number
  /** True for the last message of the commit. */
  readonly isLast: boolean
  readonly events: readonly StoredEvent[]
}

/**
 * The events of a message that `keep` keeps; undefined for a message of ours that is no part of the log. A message that
 * cannot be read becomes one record that says so: the log neither stops at it nor skips it.
 */
export function recordsOf(message: StoredMessage, keep: Keep, parts: ReadParts): MessageRecords | undefined {
  const decoded = decodeMessage(message, parts)
  if (decoded.kind === 'other') return undefined
  if (decoded.kind === 'malformed') return malformed(message, decoded.reason, keep, parts)
  const { commit, header, events } = decoded
  const lastIndex = header.index + header.count - 1
  const isLast = header.part === header.of
  try {
    for (const event of events) event.check()
    return { commit, lastIndex, isLast, events: keep === undefined ? events : events.filter(keep) }
  } catch (error) {
    if (error instanceof StreamCorruptError) return malformed(message, error.reason, keep, parts)
    throw error
  }
}

function malformed(message: StoredMessage, reason: string, keep: Keep, parts: ReadParts): MessageRecords {
  const events = [malformedEvent(message, reason, parts)]
  const kept = keep === undefined ? events : events.filter(keep)
  return { commit: message.sequence, lastIndex: 0, isLast: true, events: kept }
}
