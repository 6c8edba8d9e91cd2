import { createHmac, createSecretKey, KeyObject, timingSafeEqual } from 'node:crypto'

import { ConfigurationError, InvalidCursorError, InvalidValueError } from '@millrace/contracts'

import { decodeCursor, encodeCursor, maxCursorLength, signedBytes } from './cursor-format.ts'

/** A key that signs cursors. */
export interface CursorKey {
  /** 1 to 64 characters of `A-Z a-z 0-9 _ . -`; it stands in every cursor, readable. */
  readonly id: string
  /** A secret of at least 32 bytes. */
  readonly key: KeyObject | Uint8Array
}

/** Settings of {@link createCursorKeys}. */
export interface CursorKeysOptions {
  /** Signs new cursors. */
  readonly current: CursorKey
  /** Signed cursors before: these verify until they expire. @defaultValue none */
  readonly earlier?: readonly CursorKey[]
  /** `cursor.allow_key_rotation`: without it only the current key's cursors verify. @defaultValue true */
  readonly allowRotation?: boolean
  /** Milliseconds a cursor lives, at most a year. @defaultValue 86_400_000: a day */
  readonly lifetimeMs?: number
  /** Current time in epoch milliseconds. @defaultValue `Date.now` */
  readonly now?: () => number
}

/**
 * Signs and verifies cursors. A scope says what a cursor belongs to, as a text that is equal for requests that mean the
 * same; a cursor is of no use in another.
 */
export interface CursorKeys {
  /**
   * A text that nobody without the key can make or change. What `place` says can be read by everybody.
   * @throws {@link InvalidValueError} for a place that no cursor can hold
   */
  seal(scope: string, place: string): string
  /**
   * The place a cursor stands for.
   * @throws {@link InvalidCursorError} for a text of ours that was changed in any byte, of another scope, expired, or signed
   * by a key that is not here; compared in constant time
   */
  open(scope: string, cursor: string): string
}

const minKeyBytes = 32
const maxLifetimeMs = 366 * 86_400_000

function secretOf(setting: string, { id, key }: CursorKey): KeyObject {
  if (!/^[\w.-]{1,64}$/.test(id))
    throw new ConfigurationError(`${setting}.id`, 'must be 1 to 64 characters of A-Z a-z 0-9 _ . -')
  const secret = key instanceof KeyObject ? key : createSecretKey(key)
  if (secret.type !== 'secret' || (secret.symmetricKeySize ?? 0) < minKeyBytes)
    throw new ConfigurationError(`${setting}.key`, `must be a secret of at least ${minKeyBytes} bytes`)
  return secret
}

function keysById({
  current,
  earlier = [],
  allowRotation = true,
}: CursorKeysOptions): ReadonlyMap<string, KeyObject> {
  const keys = new Map([[current.id, secretOf('current', current)]])
  for (const [i, key] of earlier.entries()) {
    const secret = secretOf(`earlier[${i}]`, key)
    if (keys.has(key.id)) throw new ConfigurationError(`earlier[${i}].id`, "must be no other key's")
    if (allowRotation) keys.set(key.id, secret)
  }
  return keys
}

/** @throws {@link ConfigurationError} naming the setting, never a key */
export function createCursorKeys(options: CursorKeysOptions): CursorKeys {
  const { current, lifetimeMs = 86_400_000, now = Date.now } = options
  const keys = keysById(options)
  if (!(lifetimeMs >= 1 && lifetimeMs <= maxLifetimeMs))
    throw new ConfigurationError('lifetimeMs', 'must be milliseconds from 1 to a year')
  const macOf = (key: KeyObject, scope: string, signed: Buffer): Buffer =>
    createHmac('sha256', key).update(signedBytes(scope, signed)).digest()
  return {
    seal: (scope, place) => {
      const signed = encodeCursor({ keyId: current.id, expiresAt: Math.floor(now() + lifetimeMs), place })
      const text = Buffer.concat([signed, macOf(keyOf(keys, current.id), scope, signed)]).toString(
        'base64url',
      )
      if (text.length > maxCursorLength)
        throw new InvalidValueError(
          'order',
          `fields whose values fit a cursor of ${maxCursorLength} characters`,
        )
      return text
    },
    open: (scope, cursor) => {
      const read = decodeCursor(cursor)
      const key = read === undefined ? undefined : keys.get(read.keyId)
      if (
        read === undefined ||
        key === undefined ||
        !timingSafeEqual(macOf(key, scope, read.signed), read.mac)
      )
        throw new InvalidCursorError('cursor: must be that of an earlier page of the same query, unchanged')
      if (read.expiresAt <= now())
        throw new InvalidCursorError('cursor: has expired; begin with the first page again')
      return read.place
    },
  }
}

function keyOf(keys: ReadonlyMap<string, KeyObject>, id: string): KeyObject {
  const key = keys.get(id)
  if (key === undefined) throw new ConfigurationError('current.id', 'has no key')
  return key
}
