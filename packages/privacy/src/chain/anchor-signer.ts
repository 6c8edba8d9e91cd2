import { createHmac, createSecretKey, KeyObject, timingSafeEqual } from 'node:crypto'

import { ConfigurationError } from '@millrace/contracts'
import type { AnchorSigner } from '@millrace/contracts'

/** A key that signs anchors. */
export interface AnchorKey {
  /** 1 to 64 characters of `A-Z a-z 0-9 _ . -`. */
  readonly id: string
  /** A secret of at least 32 bytes. Whoever has it and the database can make a history of their own. */
  readonly key: KeyObject | Uint8Array
}

/** Settings of {@link createAnchorSigner}. */
export interface AnchorSignerOptions {
  readonly current: AnchorKey
  /** Keys of before: what they signed still verifies. @defaultValue none */
  readonly earlier?: readonly AnchorKey[]
}

const minKeyBytes = 32

function secretOf({ id, key }: AnchorKey): readonly [string, KeyObject] {
  if (!/^[\w.-]{1,64}$/.test(id))
    throw new ConfigurationError('anchor key', 'an id must be 1 to 64 characters of A-Z a-z 0-9 _ . -')
  const secret = key instanceof KeyObject ? key : createSecretKey(key)
  if (secret.type !== 'secret' || (secret.symmetricKeySize ?? 0) < minKeyBytes)
    throw new ConfigurationError('anchor key', `key ${id} must be a secret of at least ${minKeyBytes} bytes`)
  return [id, secret]
}

/** Signs with HMAC-SHA256. @throws {@link ConfigurationError} */
export function createAnchorSigner({ current, earlier = [] }: AnchorSignerOptions): AnchorSigner {
  const keys = new Map([...earlier, current].map(secretOf))
  if (keys.size <= earlier.length) throw new ConfigurationError('anchor key', 'ids must be different')
  const macOf = (key: KeyObject, text: string): Buffer => createHmac('sha256', key).update(text).digest()
  const currentKey = secretOf(current)[1]
  return {
    keyId: current.id,
    sign: (text) => macOf(currentKey, text).toString('base64'),
    verify: (keyId, text, signature) => {
      const key = keys.get(keyId)
      if (key === undefined) return undefined
      const [expected, given] = [macOf(key, text), Buffer.from(signature, 'base64')]
      return given.length === expected.length && timingSafeEqual(given, expected)
    },
  }
}
