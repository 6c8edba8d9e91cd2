import type { StreamWindow } from './stream-window.ts'

/** How a stream's messages are found: each by its sequence, or by a search from each to the next. */
export type Way = 'exact' | 'search'

// Milliseconds of nats-server 2.15 for one message that is asked for by its sequence, one that is found by a search, and one
// that the search passes. Only their ratios matter here. Figures in docs/decisions/0102-jetstream-reads.md.
const exactMs = 0.025
const foundMs = 0.008
const passedMs = 0.000_028
const trailLength = 32

/**
 * The cheapest way to a window, judged by how far the newest messages of the stream lie apart and how long the server took
 * to answer.
 */
export function cheapestWay(
  { low, newest }: StreamWindow,
  trail: readonly number[],
  { limit, roundTripMs }: { readonly limit: number; readonly roundTripMs: number },
): Way {
  const { header, sequence } = newest.events
  const before = header.version - 1
  // Messages hold as many events as the newest, as far as is known here.
  const toFirst = Math.ceil(before / header.count)
  const toLow = Math.ceil((header.version - low) / header.count)
  const wanted = Math.min(toLow, Math.ceil(limit / header.count))
  const oldest = trail.at(-1)
  const gap = oldest === undefined ? 0 : (sequence - oldest) / trail.length
  const scanned = toFirst - toLow + wanted
  const scanMs = roundTripMs + scanned * (foundMs + gap * passedMs)
  const walkMs = Math.ceil(toLow / trailLength) * roundTripMs
  const exact = walkMs + roundTripMs + wanted * exactMs
  return oldest !== undefined && exact < scanMs ? 'exact' : 'search'
}
