import { LogReplacedError } from '@millrace/contracts'
import type { Position } from '@millrace/contracts'

import { NoAnswer } from '../link/no-answer.ts'
import { generationIn } from '../provision/stream-config.ts'
import type { StreamConfig } from '../provision/stream-config.ts'
import { answered } from '../read/answered.ts'
import type { ReadParts } from '../read/read-parts.ts'
import { decodeMessage } from '../wire/decode-message.ts'
import type { StoredMessage } from '../wire/stored-message.ts'

interface StreamState {
  readonly config: StreamConfig
  readonly state: { readonly last_seq: number }
}

/** The place of a message's last event. */
function endOf(message: StoredMessage, parts: ReadParts, lastSequence: number): Position {
  const { generation } = parts
  const decoded = decodeMessage(message, parts)
  if (decoded.kind !== 'events') return { generation, commit: message.sequence, index: 0 }
  const { commit, header } = decoded
  // More messages than there are belong to no commit, whatever one of them says.
  return { generation, commit: Math.min(commit, lastSequence), index: header.index + header.count - 1 }
}

/**
 * The place of the last event there is, from the stream's leader: what was acknowledged before is at or before it.
 * @throws {@link LogReplacedError} when somebody put another stream of the same name in its place
 */
export async function headOf(parts: ReadParts, signal: AbortSignal | undefined): Promise<Position> {
  const { link, name, generation, subjects, leader, watch } = parts
  const info = async (): Promise<StreamState['state']> => {
    const { config, state } = await link.api<StreamState>(`STREAM.INFO.${name}`, undefined, { signal })
    const actual = generationIn(config) ?? 'unknown'
    if (actual !== generation) throw new LogReplacedError({ expected: generation, actual })
    // A leader that was paused answers until it learns that there is another.
    if (state.last_seq < watch.highest) throw new NoAnswer('stale', name)
    return state
  }
  const state = await answered(link, info, signal)
  // Nearly always an event: to ask for the last of all events' subjects costs the server ten times as much.
  const last = await answered(link, () => leader.at(state.last_seq, { signal }), signal)
  const isEvent = last !== undefined && subjects.isEvents(last.subject)
  const message = isEvent
    ? last
    : await answered(link, () => leader.last(subjects.events(), { signal }), signal)
  return message === undefined ? { generation, commit: 0, index: 0 } : endOf(message, parts, state.last_seq)
}
