import { typedError } from '../link/server-refusal.ts'
import { isPassing } from '../read/answered.ts'
import type { ReadParts } from '../read/read-parts.ts'
import { findStream } from './stream-marks.ts'

/** Has the watch notice that another log has taken this one's place. A stream that is gone is not replaced, and says so itself. */
export async function noticeReplaced(parts: Pick<ReadParts, 'link' | 'name' | 'watch'>): Promise<void> {
  try {
    if ((await findStream(parts.link, parts.name)) !== undefined) await parts.watch.look()
  } catch {
    // What was noticed is kept; of anything else every use of the store says so by itself.
  }
}

/** @throws {@link LogReplacedError} where another log has taken this one's place; where nobody can tell, another look will */
export async function checkReplaced({ link, watch }: ReadParts): Promise<void> {
  try {
    if (!link.closed.aborted) await watch.look()
  } catch (error) {
    if (!link.closed.aborted && !isPassing(error)) throw typedError(error)
  }
}
