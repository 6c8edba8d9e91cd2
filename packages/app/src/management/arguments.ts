import { InvalidValueError, isCategory, isEventType } from '@millrace/contracts'

const defaultLimit = 100
const maxLimit = 1000
const dayMs = 86_400_000

/** 1 to 1000, 100 where none is given. @throws {@link InvalidValueError} */
export function checkLimit(limit: number = defaultLimit): number {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > maxLimit)
    throw new InvalidValueError('limit', `a whole number from 1 to ${maxLimit}`)
  return limit
}

/** @throws {@link InvalidValueError} unless it is undefined or a whole number from 1 up. */
export function checkVersion(field: string, version: number | undefined): void {
  if (version !== undefined && (!Number.isSafeInteger(version) || version < 1))
    throw new InvalidValueError(field, 'a whole number from 1 up')
}

/** @throws {@link InvalidValueError} unless undefined or one of the allowed texts. */
export function checkOneOf(field: string, value: string | undefined, allowed: readonly string[]): void {
  if (value !== undefined && !allowed.includes(value))
    throw new InvalidValueError(field, `one of ${allowed.join(', ')}`)
}

/** @throws {@link InvalidValueError} for a type that no event can have. */
export function checkTypes(types: readonly string[] | undefined): void {
  for (const type of types ?? [])
    if (!isEventType(type) && type !== '$tombstone')
      throw new InvalidValueError('type', '1 to 255 characters of A-Z a-z 0-9 _ . : / -')
}

/** @throws {@link InvalidValueError} for a category that no stream can have. */
export function checkCategories(categories: readonly string[] | undefined): void {
  for (const category of categories ?? [])
    if (!isCategory(category))
      throw new InvalidValueError('category', 'a lower-case category ([a-z][a-z0-9_]*, at most 63 bytes)')
}

/** @throws {@link InvalidValueError} unless undefined or text that a database can compare with. */
export function checkText(field: string, text: string | undefined): void {
  if (text !== undefined && (text === '' || text.includes('\0') || !text.isWellFormed()))
    throw new InvalidValueError(field, 'text, not empty, without lone surrogates or U+0000')
}

/** Who acts, for the operator log. @throws {@link InvalidValueError} */
export function checkActor(by: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (typeof by !== 'string' || by.trim() === '' || by.length > 200 || /[\u0000-\u001f\u007f]/.test(by))
    throw new InvalidValueError('by', '1 to 200 characters without control characters')
  return by
}

/** Date.parse turns 30 February into 1 or 2 March. */
function isDay(date: string): boolean {
  const time = Date.parse(date)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date)
}

/**
 * An ISO 8601 date-time with an offset, or a date: its first millisecond in UTC, or its last where `end` is set.
 * @throws {@link InvalidValueError}
 */
export function parseInstant(field: string, text: string, end = false): Date {
  const date = /^\d{4}-\d{2}-\d{2}$/.test(text)
  const dateTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/.test(text)
  const time = (date || dateTime) && isDay(text.slice(0, 10)) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time))
    throw new InvalidValueError(
      field,
      'an ISO 8601 date (2026-01-31) or date-time with offset (2026-01-31T12:00:00Z)',
    )
  return new Date(date && end ? time + dayMs - 1 : time)
}
