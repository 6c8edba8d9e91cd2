import { InvalidValueError } from '@millrace/contracts'
import type { Position } from '@millrace/contracts'

import { NoAnswer } from '../link/no-answer.ts'
import { answered } from '../read/answered.ts'
import { DirectGet } from '../read/direct-get.ts'
import { messageAt } from '../read/exact-source.ts'
import type { ReadParts } from '../read/read-parts.ts'
import { decodeMessage } from '../wire/decode-message.ts'
import type { StoredMessage } from '../wire/stored-message.ts'
import { headOf } from './log-head.ts'

/** Behind every event of its commit. */
const lastIndex = 999_999_999

/** The position directly before the first commit that was recorded at a time or later; the head where there is none. */
export async function positionAt(parts: ReadParts, recordedAt: Date): Promise<Position> {
  if (!(recordedAt instanceof Date) || Number.isNaN(recordedAt.getTime()))
    throw new InvalidValueError('recordedAt', 'a valid Date')
  const { link, name, generation, subjects } = parts
  const first = async (): Promise<StoredMessage | Position> => {
    const found = await new DirectGet(parts).since(subjects.events(), recordedAt, undefined)
    if (found !== undefined) return found
    const head = await headOf(parts, undefined)
    const last = await messageAt(parts, head.commit, undefined)
    // The server that was asked lags behind the leader.
    if (last !== undefined && last.time >= recordedAt.getTime()) throw new NoAnswer('stale', name)
    return head
  }
  const found = await answered(link, first, undefined)
  if ('generation' in found) return found
  const decoded = decodeMessage(found, parts)
  const part = decoded.kind === 'events' ? decoded.header.part : 1
  const commit = found.sequence - part
  return commit === 0 ? { generation, commit: 0, index: 0 } : { generation, commit, index: lastIndex }
}
