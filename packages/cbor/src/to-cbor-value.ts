import { types } from 'node:util'

import { InvalidValueError } from '@millrace/contracts'
import { Tagged } from 'cborg'

/** CBOR's tag of a time: seconds since 1970, with a fraction (RFC 8949, 3.4.2). */
export const timeTag = 1

// Up to here, milliseconds / 1000 is a double that leads back to the millisecond.
const exactMs = 2 ** 51

function refused(path: string): InvalidValueError {
  return new InvalidValueError(
    path,
    'null, a boolean, a finite number, well-formed text, a bigint, a Date within 71,000 years of 1970, a Uint8Array, an array without holes or a plain object',
  )
}

/**
 * A copy of the value that holds only what the encoder writes exactly.
 * @throws {@link InvalidValueError} naming the path
 */
export function toCborValue(value: unknown, path: string): unknown {
  switch (typeof value) {
    case 'boolean':
    case 'bigint':
      return value
    case 'string':
      // UTF-8 has no lone surrogates: they would come back as question marks.
      if (!value.isWellFormed()) throw refused(path)
      return value
    case 'number':
      if (!Number.isFinite(value)) throw refused(path)
      return value
    case 'object':
      return value === null ? null : objectToCbor(value, path)
    default:
      throw refused(path)
  }
}

function objectToCbor(value: object, path: string): unknown {
  if (Array.isArray(value)) return Array.from(value, (item, i) => toCborValue(item, `${path}.${i}`))
  // Not `instanceof`: a test runner's sandbox brings its own Date and Uint8Array.
  if (types.isDate(value)) return timeOf(value, path)
  if (types.isUint8Array(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  if (!isPlain(value)) throw refused(path)
  // Object.fromEntries defines members, also one named `__proto__`; an assignment would set the prototype.
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [wellFormed(key, path), toCborValue(item, `${path}.${key}`)]),
  )
}

function timeOf(date: Date, path: string): Tagged {
  const ms = date.getTime()
  if (!(Math.abs(ms) < exactMs)) throw refused(path)
  return new Tagged(timeTag, ms / 1000)
}

function wellFormed(key: string, path: string): string {
  if (!key.isWellFormed()) throw new InvalidValueError(path, 'an object whose keys are well-formed text')
  return key
}

/** True for object literals and their like, of another realm too. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
