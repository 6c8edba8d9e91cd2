import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

import { ConfigurationError, KeyUnavailableError } from '@millrace/contracts'

import type { KeyContext, KeyProvider } from './key-provider.ts'

/** A master key: 32 bytes, and the name it goes by. */
export interface MasterKey {
  /** 1 to 64 characters of `A-Z a-z 0-9 _ . -`. */
  readonly id: string
  readonly key: Uint8Array
}

const masterKeyBytes = 32
const [nonceBytes, tagBytes] = [12, 16]
const version = 1

function aadOf({ subject, keyId }: KeyContext, masterKeyId: string): Buffer {
  return Buffer.from(JSON.stringify(['millrace-key-1', masterKeyId, subject, keyId]))
}

function wrapWith(master: KeyObject, dataKey: Uint8Array, aad: Buffer): Uint8Array {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', master, nonce, { authTagLength: tagBytes }).setAAD(aad)
  const sealed = [cipher.update(dataKey), cipher.final()]
  return new Uint8Array(Buffer.concat([Buffer.from([version]), nonce, ...sealed, cipher.getAuthTag()]))
}

function unwrapWith(master: KeyObject, bytes: Uint8Array, aad: Buffer): Uint8Array {
  if (bytes[0] !== version) throw new Error('not of a known format')
  const nonce = bytes.subarray(1, 1 + nonceBytes)
  const decipher = createDecipheriv('aes-256-gcm', master, nonce, { authTagLength: tagBytes }).setAAD(aad)
  decipher.setAuthTag(bytes.subarray(-tagBytes))
  return new Uint8Array(
    Buffer.concat([decipher.update(bytes.subarray(1 + nonceBytes, -tagBytes)), decipher.final()]),
  )
}

function checked(setting: string, { id, key }: MasterKey): readonly [string, KeyObject] {
  if (!/^[\w.-]{1,64}$/.test(id))
    throw new ConfigurationError(setting, 'a key id must be 1 to 64 characters of A-Z a-z 0-9 _ . -')
  if (key.length !== masterKeyBytes)
    throw new ConfigurationError(setting, `key ${id} must be ${masterKeyBytes} bytes`)
  return [id, createSecretKey(key)]
}

/**
 * Wraps with AES-256-GCM in this process. The first master key wraps; the others unwrap what they wrapped before.
 * @throws {@link ConfigurationError} naming `setting`, never a key
 */
export function localKeyProvider(keys: readonly MasterKey[], setting = 'keys'): KeyProvider {
  const [current] = keys
  if (current === undefined) throw new ConfigurationError(setting, 'must hold at least one key')
  const masters = new Map(keys.map((key) => checked(setting, key)))
  if (masters.size !== keys.length) throw new ConfigurationError(setting, 'must hold each key id once')
  const masterOf = (id: string): KeyObject => {
    const master = masters.get(id)
    if (master === undefined) throw new KeyUnavailableError(id, 'this master key is not configured here')
    return master
  }
  return {
    currentId: current.id,
    wrap: async (dataKey, context) => {
      const masterKeyId = current.id
      return { masterKeyId, bytes: wrapWith(masterOf(masterKeyId), dataKey, aadOf(context, masterKeyId)) }
    },
    unwrap: async ({ masterKeyId, bytes }, context) => {
      const master = masterOf(masterKeyId)
      try {
        return unwrapWith(master, bytes, aadOf(context, masterKeyId))
      } catch (cause) {
        throw new KeyUnavailableError(
          context.keyId,
          "it cannot be unwrapped: it was changed, or is another subject's",
          {
            cause,
          },
        )
      }
    },
  }
}
