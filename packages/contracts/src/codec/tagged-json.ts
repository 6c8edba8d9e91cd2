import { types } from 'node:util'

import { InvalidValueError } from '../errors/value-errors.ts'

// JSON text as it stands, for the one number JSON.stringify changes (https://tc39.es/proposal-json-parse-with-source).
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown }

function refused(path: string): InvalidValueError {
  return new InvalidValueError(
    path,
    'null, a boolean, a finite number, text, a bigint, a valid Date, a Uint8Array, an array without holes or a plain object',
  )
}

/** The tagged form of a value, ready for JSON.stringify. @throws {@link InvalidValueError} naming the path */
export function toTagged(value: unknown, path: string): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      if (!Number.isFinite(value)) throw refused(path)
      return Object.is(value, -0) ? rawJSON('-0') : value
    case 'bigint':
      return { $bigint: value.toString() }
    case 'object':
      return value === null ? null : objectToTagged(value, path)
    default:
      throw refused(path)
  }
}

function objectToTagged(value: object, path: string): unknown {
  if (Array.isArray(value)) return Array.from(value, (item, i) => toTagged(item, `${path}.${i}`))
  // Not `instanceof`: a test runner's sandbox brings its own Date and Uint8Array.
  if (types.isDate(value)) {
    if (Number.isNaN(value.getTime())) throw refused(path)
    return { $date: value.toISOString() }
  }
  if (types.isUint8Array(value))
    return { $bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') }
  if (!isPlain(value)) throw refused(path)
  // Object.fromEntries defines members, also one named `__proto__`; an assignment would set the prototype.
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key.startsWith('$') ? `$${key}` : key, toTagged(item, `${path}.${key}`)]),
  )
}

/** True for object literals and their like, of another realm too. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** Undoes {@link toTagged} after JSON.parse. Throws on a tag that version 1 does not write. */
export function fromTagged(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromTagged)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const [first] = entries
  if (first !== undefined && entries.length === 1 && isTag(first[0])) return untag(first[0], first[1])
  return Object.fromEntries(entries.map(([key, item]) => [unescapeKey(key), fromTagged(item)]))
}

const isTag = (key: string): boolean => key.startsWith('$') && !key.startsWith('$$')

function unescapeKey(key: string): string {
  if (isTag(key)) throw new TypeError('a key that starts with one $ stands beside others')
  return key.startsWith('$') ? key.slice(1) : key
}

function untag(tag: string, content: unknown): unknown {
  if (typeof content === 'string' && tag === '$bigint' && /^-?\d+$/.test(content)) return BigInt(content)
  if (typeof content === 'string' && tag === '$date') return dateOf(content)
  if (typeof content === 'string' && tag === '$bytes') return bytesOf(content)
  throw new TypeError(`${tag} with this content is not of version 1`)
}

function dateOf(text: string): Date {
  const date = new Date(text)
  if (Number.isNaN(date.getTime()) || date.toISOString() !== text)
    throw new TypeError('$date: no ISO 8601 time')
  return date
}

function bytesOf(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64')
  // Node skips what is not base64; bytes that are lost that way must not pass for the payload.
  if (bytes.toString('base64') !== text) throw new TypeError('$bytes: no base64')
  return new Uint8Array(bytes)
}
