import { bucketOfStream, createStreamId } from '@millrace/contracts'
import type { CommitId, EventId, EventVersion, StoredEvent } from '@millrace/contracts'

import type { StoredMessage } from './stored-message.ts'
import type { Subjects } from './subjects.ts'

/** The type of a record that stands for a message which no release of ours wrote; its payload is the message's. */
export const malformedType = '$malformed'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A ULID of the message's time and sequence: the same one for every reader. */
function idOf(time: number, sequence: number): string {
  return base32(time, 10) + base32(sequence, 16)
}

function base32(value: number, length: number): string {
  let [text, rest] = ['', value]
  for (; text.length < length; rest = Math.floor(rest / 32)) text = alphabet.charAt(rest % 32) + text
  return text
}

/**
 * A record for the log in place of a message that cannot be read, so that the log neither stops nor skips it: whoever
 * handles it will fail on it and set it aside. Its metadata says what is wrong.
 */
export function malformedEvent(
  message: StoredMessage,
  reason: string,
  { generation, subjects }: { readonly generation: string; readonly subjects: Subjects },
): StoredEvent {
  const { sequence, subject, time, payload } = message
  const at = subjects.placeOf(subject)
  const streamId = at.kind === 'events' ? at.streamId : createStreamId('malformed', String(sequence))
  const id = idOf(time, sequence)
  return {
    id: id as EventId,
    streamId,
    type: malformedType,
    schemaVersion: 1,
    version: 0 as EventVersion,
    position: { generation, commit: sequence, index: 0 },
    commitId: id as CommitId,
    occurredAt: new Date(time),
    recordedAt: new Date(time),
    metadata: { custom: { reason, subject, sequence } },
    tags: [],
    bucket: bucketOfStream(streamId),
    contentType: 'application/octet-stream',
    payload: new Uint8Array(payload),
    encryption: undefined,
    previousHash: undefined,
  }
}
