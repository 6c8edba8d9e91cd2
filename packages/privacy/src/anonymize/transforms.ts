import { createHash, createHmac, createSecretKey, KeyObject } from 'node:crypto'

import { checkWhole, ConfigurationError } from '@millrace/contracts'

/** Takes the member away. */
export const suppressed: unique symbol = Symbol('suppressed')

/** What becomes of a value: another one, or {@link suppressed}. Pure: the same value always becomes the same. */
export type FieldTransform = (value: unknown) => unknown

/** Settings of {@link mask}. */
export interface MaskOptions {
  /** Characters left at the beginning. @defaultValue 0 */
  readonly start?: number
  /** Characters left at the end. @defaultValue 0 */
  readonly end?: number
  /** Stands for each of the others. @defaultValue `'*'` */
  readonly character?: string
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'bigint' ? value.toString() : JSON.stringify(value)
}

const absent = (value: unknown): boolean => value === null || value === undefined

/**
 * Shows the ends of a text at most. A value too short to hide anything in is masked whole.
 * @throws {@link InvalidValueError} for ends that are no counts
 */
export function mask({ start = 0, end = 0, character = '*' }: MaskOptions = {}): FieldTransform {
  checkWhole('start', start, { min: 0 })
  checkWhole('end', end, { min: 0 })
  return (value) => {
    if (absent(value)) return value
    const characters = Array.from(textOf(value))
    if (characters.length <= start + end) return character.repeat(characters.length)
    const hidden = character.repeat(characters.length - start - end)
    return characters.slice(0, start).join('') + hidden + characters.slice(characters.length - end).join('')
  }
}

const minSecretBytes = 16

/**
 * SHA-256 over a salt and the value, in hexadecimal. Few possible values (a birthday, a telephone number) are found out by
 * whoever has the salt: {@link pseudonym} with a key that is thrown away is safer.
 * @throws {@link ConfigurationError} for a salt below 16 bytes
 */
export function hash({ salt }: { readonly salt: string }): FieldTransform {
  if (Buffer.byteLength(salt) < minSecretBytes)
    throw new ConfigurationError('salt', `must be at least ${minSecretBytes} bytes`)
  // The salt's length in front: no two pairs of salt and value run together.
  return (value) =>
    absent(value)
      ? value
      : createHash('sha256')
          .update(`${salt.length}:${salt}${textOf(value)}`)
          .digest('hex')
}

/** Settings of {@link pseudonym}. */
export interface PseudonymOptions {
  /** At least 32 bytes. Who has it can tell whose pseudonym it is by trying. */
  readonly key: KeyObject | Uint8Array
  /** Stands in front. @defaultValue none */
  readonly prefix?: string
}

/**
 * HMAC-SHA256, 32 hexadecimal digits of it: equal values stay equal, so that copies can be joined.
 * @throws {@link ConfigurationError} for a key below 32 bytes
 */
export function pseudonym({ key, prefix = '' }: PseudonymOptions): FieldTransform {
  const secret = key instanceof KeyObject ? key : createSecretKey(key)
  if (secret.type !== 'secret' || (secret.symmetricKeySize ?? 0) < 32)
    throw new ConfigurationError('key', 'must be a secret of at least 32 bytes')
  return (value) =>
    absent(value)
      ? value
      : prefix + createHmac('sha256', secret).update(textOf(value)).digest('hex').slice(0, 32)
}

/** Gives something coarser: a year for a date, a region for a postcode, a range for an age. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- whoever calls it knows what the field holds
export function generalise<Value>(to: (value: Value) => unknown): FieldTransform {
  return (value) => (absent(value) ? value : to(value as Value))
}

/** Takes the member away, or puts a value in its place that is the same for all. */
export function suppress(instead?: unknown): FieldTransform {
  return () => (instead === undefined ? suppressed : instead)
}
