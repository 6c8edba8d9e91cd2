import type { EncodedEvent } from '../codec/encoder.ts'
import { InvalidValueError } from '../errors/value-errors.ts'

/** When the events of one stream's part of a commit occurred, in epoch milliseconds, before its last event is known. */
export interface Occurrence {
  /** Of each event; undefined: all of them `lastOccurredAt`. */
  readonly occurredAt: readonly number[] | undefined
  /** Of the last event, unless the stream's last is later. */
  readonly lastOccurredAt: number
  /** The caller's first own time, which must not lie before the stream's last event. */
  readonly firstGivenAt: number | undefined
}

/** The times of events appended at `now`. @throws {@link InvalidValueError} for given times that decrease */
export function occurrenceOf(events: readonly EncodedEvent[], now: number): Occurrence {
  const given = events.find((event) => event.occurredAt !== undefined)?.occurredAt
  if (given === undefined) return { occurredAt: undefined, lastOccurredAt: now, firstGivenAt: undefined }
  const occurredAt: number[] = []
  let last = 0
  for (const event of events) {
    const at = event.occurredAt?.getTime() ?? Math.max(now, last)
    if (at < last)
      throw new InvalidValueError(
        'event.occurredAt',
        `not before the event in front of it (${new Date(last).toISOString()})`,
      )
    occurredAt.push(at)
    last = at
  }
  return { occurredAt, lastOccurredAt: last, firstGivenAt: given.getTime() }
}
