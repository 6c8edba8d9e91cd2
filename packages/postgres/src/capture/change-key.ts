import { createHash } from 'node:crypto'

import { createStreamId, isStreamKey } from '@millrace/contracts'
import type { StreamId } from '@millrace/contracts'

/** Every stream of a table's rows is named after its key; these two hold what has no key. */
export const tableKey = '~table'
export const redactedKey = '~redacted'

/**
 * The stream of a row. A key that no stream can have (blank, longer than 255 bytes, not in NFC), or that could be taken for
 * another's, is replaced by its whole SHA-256.
 */
export function streamOfRow(capture: string, key: string): StreamId {
  const plain = isStreamKey(key) && !key.startsWith('~')
  return createStreamId(capture, plain ? key : `~${createHash('sha256').update(key).digest('hex')}`)
}
