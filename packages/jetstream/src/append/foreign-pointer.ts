import { isUlid, StreamCorruptError } from '@millrace/contracts'
import type { CommitId, StreamId } from '@millrace/contracts'

import type { StoredMessage } from '../wire/stored-message.ts'
import type { StreamResult } from './receipt.ts'

/** The commit a foreign id is mapped to. */
export interface Pointer {
  readonly commitId: CommitId
  /** The number of its messages, which directly follow the pointer. */
  readonly messages: number
  readonly streams: readonly StreamResult[]
}

interface PointerBody {
  readonly format: 1
  readonly commitId: CommitId
  readonly messages: number
  /** Stream id, version after the commit, index of its last event in the commit or null where it has none. */
  readonly streams: readonly (readonly [StreamId, number, number | null])[]
}

/** The payload of a foreign id's message. */
export function formatPointer({ commitId, messages, streams }: Pointer): string {
  const body: PointerBody = {
    format: 1,
    commitId,
    messages,
    streams: streams.map(({ streamId, version, lastIndex }) => [streamId, version, lastIndex ?? null]),
  }
  return JSON.stringify(body)
}

/** Reads what {@link formatPointer} wrote. @throws {@link StreamCorruptError} for anything else */
export function parsePointer({ subject, sequence, payload }: StoredMessage): Pointer {
  try {
    const body = JSON.parse(Buffer.from(payload).toString('utf8')) as PointerBody
    const { format, commitId, messages, streams } = body
    if (format !== 1 || !isUlid(commitId) || !Number.isSafeInteger(messages))
      throw new TypeError('not of version 1')
    return {
      commitId,
      messages,
      streams: streams.map(([streamId, version, index]) => ({
        streamId,
        version,
        lastIndex: index ?? undefined,
      })),
    }
  } catch (cause) {
    throw new StreamCorruptError(
      { streamId: subject, sequence, reason: 'its foreign id is mapped to nothing that can be read' },
      { cause },
    )
  }
}
