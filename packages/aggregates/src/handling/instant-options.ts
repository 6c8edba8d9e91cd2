import { InvalidValueError } from '@millrace/contracts'

import type { LoadOptions, TimeOfEvent } from './stream-history.ts'

/** Options of `stateAt`. */
export interface StateAtOptions {
  /** What counts as an event's time: when it happened, or when the store recorded it. @defaultValue `'occurredAt'` */
  readonly by?: TimeOfEvent
  /** Gives up; the call then throws the signal's reason. */
  readonly signal?: AbortSignal
}

/** The bound of a load. @throws {@link InvalidValueError} */
export function untilOf(
  instant: Date,
  { by = 'occurredAt' }: StateAtOptions,
): NonNullable<LoadOptions['until']> {
  if (!(instant instanceof Date) || Number.isNaN(instant.getTime()))
    throw new InvalidValueError('instant', 'a valid Date')
  if (by !== 'occurredAt' && by !== 'recordedAt')
    throw new InvalidValueError('options.by', "'occurredAt' or 'recordedAt'")
  return { by, time: instant }
}
