import type { StreamWindow } from './stream-window.ts'

/** How a stream's messages are found: each by its sequence, or by a search from each to the next. */
export type Way = 'exact' | 'search'

// Milliseconds of nats-server 2.15 for one message that is asked for by its sequence, one that is found by a search, and one
// that the search passes. Only their ratios matter here. Figures in docs/decisions/0102-jetstream-reads.md.
const exactMs = 0.025
const foundMs = 0.008
const passedMs = 0.000_028
const trailLength = 32

interface Lengths {
  /** Messages of the window that are wanted. */
  readonly wanted: number
  /** Messages that a search finds until it has them: it begins at the stream's first. */
  readonly searched: number
}

/** How many messages of a window hold its first `limit` events, if all hold as many as the newest. */
export function lengthsOf({ low, newest }: StreamWindow, limit: number): Lengths {
  const { version, count } = newest.events.header
  const toFirst = Math.ceil((version - 1) / count) + 1
  const toLow = Math.ceil((version - low) / count) + 1
  const wanted = Math.min(toLow, Math.ceil(limit / count))
  return { wanted, searched: toFirst - toLow + wanted }
}

/**
 * The cheapest way to a window, judged by how far the newest messages of the stream lie apart and how long the server took
 * to answer.
 */
export function cheapestWay(
  window: StreamWindow,
  trail: readonly number[],
  { limit, roundTripMs }: { readonly limit: number; readonly roundTripMs: number },
): Way {
  const { low, newest } = window
  const { header, sequence } = newest.events
  const { wanted, searched } = lengthsOf(window, limit)
  const oldest = trail.at(-1)
  const gap = oldest === undefined ? 0 : (sequence - oldest) / trail.length
  const searchMs = roundTripMs + searched * (foundMs + gap * passedMs)
  const walkMs = Math.ceil((header.version - low) / header.count / trailLength) * roundTripMs
  const exact = walkMs + roundTripMs + wanted * exactMs
  return oldest !== undefined && exact < searchMs ? 'exact' : 'search'
}
