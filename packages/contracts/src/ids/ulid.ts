import { randomFillSync } from 'node:crypto'

import { incrementBase32, monotonicFactory } from 'ulid'

import { InvalidValueError } from '../errors/value-errors.ts'

declare const brand: unique symbol

/** The ULID of one event, upper case Crockford base 32, 26 characters. Unique within its commit. */
export type EventId = string & { readonly [brand]: 'EventId' }

/** The ULID of one commit: the unit of idempotency. */
export type CommitId = string & { readonly [brand]: 'CommitId' }

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const length = 26
// By character code: every id of every event is looked at, and a pattern costs more than that.
const isDigit = Uint8Array.from({ length: 128 }, (_, code) =>
  Number(alphabet.includes(String.fromCharCode(code))),
)
const timeLength = 10

/** True for a ULID in its canonical upper-case form (https://github.com/ulid/spec), not above 7ZZZ…. */
export function isUlid(text: unknown): boolean {
  if (typeof text !== 'string' || text.length !== length || text.charAt(0) > '7') return false
  for (let i = 0; i < length; i++) if (isDigit[text.charCodeAt(i)] !== 1) return false
  return true
}

/** @throws {@link InvalidValueError} unless `text` is a canonical ULID. */
export function parseEventId(text: string, field = 'event id'): EventId {
  if (!isUlid(text))
    throw new InvalidValueError(field, 'a ULID: 26 characters of upper-case Crockford base 32')
  return text as EventId
}

/** @throws {@link InvalidValueError} unless `text` is a canonical ULID. */
export function parseCommitId(text: string, field = 'commit id'): CommitId {
  return parseEventId(text, field) as string as CommitId
}

/** Mints ids that grow strictly within one process. */
export type IdFactory = () => EventId

/** Random fractions from a pool of bytes: one call into the system a kilobyte instead of one a character. */
function pooledRandom(): () => number {
  const pool = new Uint8Array(1024)
  let at = pool.length
  return () => {
    if (at === pool.length) {
      randomFillSync(pool)
      at = 0
    }
    return (pool[at++] ?? 0) / 256
  }
}

/**
 * A new monotonic factory; ids of two factories are unique but not ordered within a millisecond. The first id of a
 * millisecond is the library's; each further one is the id before it plus 1, as the library would have it
 * (https://github.com/ulid/spec, monotonicity), at a quarter of its price.
 */
export function createIdFactory(now: () => number = Date.now): IdFactory {
  const fresh = monotonicFactory(pooledRandom())
  let last = { time: 0, stem: '', digit: 0 }
  const minted = (id: string, time: number): EventId => {
    last = { time, stem: id.slice(0, -1), digit: alphabet.indexOf(id.charAt(length - 1)) }
    return id as EventId
  }
  return () => {
    // The library takes 0 for "no time given".
    const time = Math.max(1, now())
    // The library also takes a clock that says nothing (NaN) for no time given.
    if (!(time <= last.time)) return minted(fresh(time), time)
    if (last.digit < alphabet.length - 1) {
      last.digit += 1
      return (last.stem + alphabet.charAt(last.digit)) as EventId
    }
    const random = incrementBase32(last.stem.slice(timeLength) + alphabet.charAt(last.digit))
    return minted(last.stem.slice(0, timeLength) + random, last.time)
  }
}

/** Milliseconds since the epoch that the ULID was minted at. */
export function ulidTime(id: EventId | CommitId): number {
  let time = 0
  for (let i = 0; i < timeLength; i++) time = time * alphabet.length + alphabet.indexOf(id.charAt(i))
  return time
}
