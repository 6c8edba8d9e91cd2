import { LogReplacedError } from '@millrace/contracts'
import type { Position } from '@millrace/contracts'

import { typedError } from '../link/server-refusal.ts'
import { answered, endOf, isPassing, pause, unlessAborted } from '../read/answered.ts'
import type { ReadParts } from '../read/read-parts.ts'

/** Within it a leader that was paused learns that there is another. */
const staleMs = 500

/**
 * What a read at or behind a position comes to, once it is certain that it was this log that was read. It asks while the
 * read is under way, so that certainty takes no round trip of its own.
 * @throws {@link LogReplacedError} where another stream has taken the place of this one, or this one ends before the
 * position, as one does that was restored from an older copy
 */
export async function sameLog<T>(
  parts: ReadParts,
  position: Position,
  read: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const [found] = await Promise.all([read, checkEnd(parts, position, signal)])
  return found
}

async function checkEnd(
  parts: ReadParts,
  { generation, commit }: Position,
  signal: AbortSignal | undefined,
): Promise<void> {
  const until = endOf(parts.link, signal)
  if ((await lastSequence(parts, until)) >= commit) return
  await pause(staleMs, until)
  const end = await answered(parts.link, async () => await unlessAborted(parts.watch.look(), until), signal)
  if (end >= commit) return
  const cause = new Error(`the JetStream stream has lost its end: position ${commit}, last message ${end}`)
  throw new LogReplacedError({ expected: generation, actual: generation }, { cause })
}

/** Infinity where nobody answers: a replica may be read while there is no leader, and no stream is replaced then. */
async function lastSequence({ watch }: ReadParts, until: AbortSignal): Promise<number> {
  try {
    return await unlessAborted(watch.look(), until)
  } catch (error) {
    if (isPassing(error)) return Infinity
    throw typedError(error)
  }
}
