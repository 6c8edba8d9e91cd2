import { InvalidValueError } from '../errors/value-errors.ts'

declare const brand: unique symbol

/** An event's place in its stream: 1 for the first event, gapless. 0 stands for "no events yet". */
export type EventVersion = number & { readonly [brand]: 'EventVersion' }

/** A whole number from 0 up, exactly representable. @throws {@link InvalidValueError} */
function parse(value: number, field = 'version'): EventVersion {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new InvalidValueError(field, 'a whole number from 0 up')
  // -0 equals 0 but is not the same value everywhere; the sum is 0.
  return (value + 0) as EventVersion
}

/** The operations on {@link EventVersion}; the type and this value share the name. */
export const EventVersion: {
  /** The version of a stream without events. */
  readonly initial: EventVersion
  /** The version of a stream's first event. */
  readonly first: EventVersion
  readonly parse: (value: number, field?: string) => EventVersion
  readonly next: (version: EventVersion) => EventVersion
  readonly isGreaterThan: (a: EventVersion, b: EventVersion) => boolean
  readonly isLessThan: (a: EventVersion, b: EventVersion) => boolean
  readonly equals: (a: EventVersion, b: EventVersion) => boolean
  readonly toString: (version: EventVersion) => string
} = {
  initial: 0 as EventVersion,
  first: 1 as EventVersion,
  parse,
  next: (version) => (version + 1) as EventVersion,
  isGreaterThan: (a, b) => a > b,
  isLessThan: (a, b) => a < b,
  equals: (a, b) => a === b,
  toString: (version) => String(version),
}

/**
 * What an append believes of its stream. `'any'` believes nothing and never conflicts; `0` means `'no-stream'`;
 * a number from 1 up is the stream's exact current version.
 */
export type ExpectedVersion = 'any' | 'no-stream' | 'stream-exists' | number

/** Accepts every {@link ExpectedVersion}; turns `0` into `'no-stream'`. @throws {@link InvalidValueError} */
export function parseExpectedVersion(value: ExpectedVersion): ExpectedVersion {
  if (value === 'any' || value === 'no-stream' || value === 'stream-exists') return value
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0)
    return value === 0 ? 'no-stream' : value
  throw new InvalidValueError(
    'expectedVersion',
    "'any', 'no-stream', 'stream-exists' or a whole number from 0 up (0 means 'no-stream')",
  )
}

/** Whether a stream at `actual` (0: no stream) is what `expected` asks for. */
export function satisfiesExpectation(expected: ExpectedVersion, actual: number): boolean {
  switch (expected) {
    case 'any':
      return true
    case 'no-stream':
      return actual === 0
    case 'stream-exists':
      return actual > 0
    default:
      return actual === expected
  }
}
