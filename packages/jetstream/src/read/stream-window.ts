import { StreamCorruptError, tombstoneType } from '@millrace/contracts'
import type { StreamId } from '@millrace/contracts'

import { NoAnswer } from '../link/no-answer.ts'
import { decodeMessage } from '../wire/decode-message.ts'
import type { EventsMessage } from '../wire/decode-message.ts'
import type { StoredMessage } from '../wire/stored-message.ts'
import { answered } from './answered.ts'
import { DirectGet } from './direct-get.ts'
import type { ReadParts } from './read-parts.ts'

/** A message of a stream with the events in it. */
export interface StreamMessage {
  readonly message: StoredMessage
  readonly events: EventsMessage
}

/** The versions of a stream that a read yields. */
export interface StreamWindow {
  readonly streamId: StreamId
  readonly subject: string
  readonly low: number
  readonly high: number
  /** The stream's newest message when the read began. */
  readonly newest: StreamMessage
  readonly signal: AbortSignal | undefined
}

/** The version of a message's last event. */
export function lastVersion({ header }: EventsMessage): number {
  return header.version + header.count - 1
}

/** The events of a stream's message. @throws {@link StreamCorruptError} for a message that holds none */
export function eventsOf(message: StoredMessage, streamId: StreamId, parts: ReadParts): EventsMessage {
  const decoded = decodeMessage(message, parts)
  if (decoded.kind === 'events' && decoded.streamId === streamId) return decoded
  const reason =
    decoded.kind === 'malformed' ? decoded.reason : 'the message there holds no event of the stream'
  throw new StreamCorruptError({ streamId, sequence: message.sequence, reason })
}

/** The newest message of a stream, the tombstone of a closed one; from the leader, where others may lag behind it. */
export async function newestOf(
  parts: ReadParts,
  streamId: StreamId,
  signal: AbortSignal | undefined,
): Promise<StreamMessage | undefined> {
  const { link, leader, isAlone, heads, watch } = parts
  const subject = parts.subjects.stream(streamId)
  const ask = async (): Promise<StoredMessage | undefined> => {
    const message = isAlone
      ? await new DirectGet(parts).last(subject, signal)
      : await leader.last(subject, { signal })
    if ((message?.sequence ?? 0) >= (heads.get(subject)?.sequence ?? 0)) return message
    // A leader that was paused answers until it learns that there is another; or it is another stream.
    await watch.look()
    throw new NoAnswer('stale', subject)
  }
  const message = await answered(link, ask, signal)
  return message === undefined ? undefined : { message, events: eventsOf(message, streamId, parts) }
}

export function isTombstone({ events }: StreamMessage): boolean {
  return events.events[0]?.type === tombstoneType
}
