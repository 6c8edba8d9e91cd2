import { createIdFactory, createStreamId, parseCommitId } from '@millrace/contracts'
import type { CommitId, EventId, NewEvent, StreamId } from '@millrace/contracts'

const mint = createIdFactory()

/** A new event id. */
export function freshEventId(): EventId {
  return mint()
}

/** A new commit id. */
export function freshCommitId(): CommitId {
  return parseCommitId(mint())
}

/** A text no other case uses: all cases of a suite share one store. */
export function freshName(prefix: string): string {
  return `${prefix}_${mint().toLowerCase()}`
}

/** A stream no other case uses. */
export function freshStream(category = 'suite'): StreamId {
  return createStreamId(category, mint())
}

/** An event; its data is `{ n }`. */
export function fact(n = 0, options: Partial<NewEvent> = {}): NewEvent {
  return { type: 'fact-recorded', data: { n }, ...options }
}

/** Events `{ n: 0 }` to `{ n: count - 1 }`. */
export function facts(count: number, options: Partial<NewEvent> = {}): NewEvent[] {
  return Array.from({ length: count }, (_, n) => fact(n, options))
}
