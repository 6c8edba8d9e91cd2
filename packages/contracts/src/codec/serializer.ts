import { InvalidValueError } from '../errors/value-errors.ts'
import { fromTagged, toTagged } from './tagged-json.ts'

/** Turns data into a payload and back. `deserialize(serialize(x))` gives the value the schema validated. */
export interface Serializer {
  /** Written beside each payload, so that a reader finds the serializer again. */
  readonly contentType: string
  /** Throws on data it cannot represent. */
  serialize(data: unknown): string | Uint8Array
  /** Throws on a payload it did not write. */
  deserialize(payload: string | Uint8Array): unknown
}

const dollar = 36

/** True where plain JSON would lose or refuse something of the value, so that the tagged form is needed. */
function needsTags(value: unknown): boolean {
  // One comparison after the other: a switch first makes the text of the type, for every value there is.
  if (typeof value === 'string') return false
  // The difference of NaN or an infinity to itself is NaN; 1 / -0 is negative.
  if (typeof value === 'number') return value - value !== 0 || (value === 0 && 1 / value < 0)
  if (typeof value === 'object') return value !== null && objectNeedsTags(value)
  return typeof value !== 'boolean' && value !== undefined
}

function objectNeedsTags(value: object): boolean {
  if (Array.isArray(value)) return arrayNeedsTags(value)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return true
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key]
    // Texts are most of what there is: they are spared the call.
    if (key.charCodeAt(0) === dollar || (typeof item !== 'string' && needsTags(item))) return true
  }
  return false
}

function arrayNeedsTags(items: readonly unknown[]): boolean {
  // By index: array methods skip holes, which JSON would turn into null.
  for (let i = 0; i < items.length; i++) if (items[i] === undefined || needsTags(items[i])) return true
  return false
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * JSON text (RFC 8259). bigint, Date and bytes are written as `{"$bigint":"12"}`, `{"$date":"2026-01-02T03:04:05.006Z"}`
 * and `{"$bytes":"AQI="}` and come back as they were (every Uint8Array, a Buffer too, as Uint8Array); a key of the
 * user's that starts with `$` is escaped by a second one. Members that are `undefined` are left out. Refused with an
 * {@link InvalidValueError} that names the path: functions, symbols, NaN, infinities, `undefined` inside an array and
 * instances of any other class, Map and Set among them.
 */
export const jsonSerializer: Serializer = {
  contentType: 'application/json',
  serialize: (data) => {
    if (data === undefined) throw new InvalidValueError('data', 'a value other than undefined')
    return JSON.stringify(needsTags(data) ? toTagged(data, 'data') : data)
  },
  deserialize: (payload) => {
    const text = typeof payload === 'string' ? payload : utf8.decode(payload)
    const value: unknown = JSON.parse(text)
    // Most texts hold no $ at all, which is found out ten times as fast as that no quote stands before one.
    return text.includes('$') && text.includes('"$') ? fromTagged(value) : value
  },
}
