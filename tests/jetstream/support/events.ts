import { createIdFactory, createStreamId } from '@millrace/contracts'
import type { NewEvent, StoredEvent, StreamId } from '@millrace/contracts'

const mint = createIdFactory()

/** A stream nothing else uses. */
export function freshStream(category = 'order'): StreamId {
  return createStreamId(category, mint())
}

/** An event; its data is `{ n }`. */
export function fact(n = 0, options: Partial<NewEvent> = {}): NewEvent {
  return { type: 'fact-recorded', data: { n }, ...options }
}

/** Events `{ n: from }` and on. */
export function facts(count: number, from = 0, options: Partial<NewEvent> = {}): NewEvent[] {
  return Array.from({ length: count }, (_, i) => fact(from + i, options))
}

/** The numbers 1 to `count`. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1)
}

export function versionsOf(events: readonly StoredEvent[]): number[] {
  return events.map(({ version }) => version)
}

/** The `n` of each event's data. */
export function numbersOf(events: readonly StoredEvent[]): number[] {
  return events.map(({ payload }) => (JSON.parse(String(payload)) as { n: number }).n)
}
