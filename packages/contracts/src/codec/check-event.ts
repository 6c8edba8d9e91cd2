import { types } from 'node:util'

import type { NewEvent } from '../envelope/envelope.ts'
import { InvalidValueError } from '../errors/value-errors.ts'
import { isEventType, isSchemaVersion, maxSchemaVersion } from '../events/event-type.ts'
import { isUlid } from '../ids/ulid.ts'

const fields = new Set(['type', 'data', 'id', 'schemaVersion', 'occurredAt', 'metadata', 'tags'])
const noTags: readonly string[] = Object.freeze([])
const maxTags = 64
const tagPattern = /^[\x21-\x7e]{1,255}$/
// The last millisecond that RFC 3339 can write.
const latest = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** Refuses fields no store would keep: a misspelt `occuredAt` must not be lost in silence. */
export function checkFields(event: NewEvent): void {
  if (typeof event !== 'object' || event === null) throw new InvalidValueError('event', 'an object')
  // `in` needs no list of the fields; what an event inherits is none of its own.
  for (const field in event)
    if (!fields.has(field) && Object.hasOwn(event, field))
      throw new InvalidValueError(
        `event.${field}`,
        `one of ${[...fields].join(', ')}; own fields go into data or metadata.custom`,
      )
}

/** Checks what identifies an event's kind and itself. */
export function checkIdentity(type: unknown, schemaVersion: unknown, id: unknown): void {
  if (!isEventType(type))
    throw new InvalidValueError('event.type', '1 to 255 characters of A-Z a-z 0-9 _ . : / -')
  if (!isSchemaVersion(schemaVersion))
    throw new InvalidValueError('event.schemaVersion', `a whole number from 1 to ${maxSchemaVersion}`)
  if (id !== undefined && !isUlid(id))
    throw new InvalidValueError('event.id', 'a ULID: 26 characters of upper-case Crockford base 32')
}

/** The caller's tags, checked and copied. */
export function copyTags(tags: readonly string[] | undefined): readonly string[] {
  if (tags === undefined) return noTags
  const given: unknown = tags
  if (!Array.isArray(given) || given.length > maxTags || !given.every(isTag))
    throw new InvalidValueError(
      'event.tags',
      `at most ${maxTags} texts of 1 to 255 printable ASCII characters`,
    )
  return [...tags]
}

const isTag = (tag: unknown): boolean => typeof tag === 'string' && tagPattern.test(tag)

/** The caller's time, checked and copied. */
export function copyOccurredAt(occurredAt: Date | undefined): Date | undefined {
  if (occurredAt === undefined) return undefined
  const time = types.isDate(occurredAt) ? occurredAt.getTime() : NaN
  if (!(time >= 0 && time <= latest))
    throw new InvalidValueError('event.occurredAt', 'a valid Date in the years 1970 to 9999')
  return new Date(time)
}
