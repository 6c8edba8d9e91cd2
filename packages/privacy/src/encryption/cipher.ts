import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'

import { DecryptionFailedError, SubjectErasedError } from '@millrace/contracts'

import type { DataKey } from '../keys/data-key.ts'

const [nonceBytes, tagBytes] = [12, 16]
/** The first byte of everything sealed in this format. */
const version = 1
/** Whether the plain payload was text or bytes. */
const [textForm, bytesForm] = [0, 1]
const headBytes = 2 + nonceBytes

/** What sealed bytes belong to; they open nowhere else. */
export type Binding = readonly (string | number | null)[]

function aadOf({ subject, keyId }: DataKey, form: number, binding: Binding): Buffer {
  return Buffer.from(JSON.stringify([...binding, subject, keyId, form]))
}

function secretsOf(key: DataKey): NonNullable<DataKey['secrets']> {
  if (key.secrets === undefined) throw new SubjectErasedError(key.subject)
  return key.secrets
}

/**
 * AES-256-GCM. The nonce is made of key, binding and content: the same content in the same place gives the same bytes, so
 * that an append can be repeated, and no nonce is ever used for two contents.
 */
export function seal(key: DataKey, binding: Binding, plain: string | Uint8Array): Uint8Array {
  const { encryption, nonce: nonceKey } = secretsOf(key)
  const form = typeof plain === 'string' ? textForm : bytesForm
  const aad = aadOf(key, form, binding)
  // The length in front of the binding: no two pairs of binding and content run together.
  const hash = createHmac('sha256', nonceKey).update(`${aad.length}:`).update(aad).update(plain)
  const nonce = hash.digest().subarray(0, nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', encryption, nonce, { authTagLength: tagBytes }).setAAD(aad)
  const sealed = [
    typeof plain === 'string' ? cipher.update(plain, 'utf8') : cipher.update(plain),
    cipher.final(),
  ]
  return new Uint8Array(Buffer.concat([Buffer.from([version, form]), nonce, ...sealed, cipher.getAuthTag()]))
}

/** Undoes {@link seal}. @throws {@link DecryptionFailedError} for bytes that were changed, or belong elsewhere */
export function open(key: DataKey, binding: Binding, sealed: Uint8Array, what: string): string | Uint8Array {
  const { encryption } = secretsOf(key)
  const [given, form = bytesForm] = sealed
  if (given !== version || sealed.length < headBytes + tagBytes) throw new DecryptionFailedError(what)
  const nonce = sealed.subarray(2, headBytes)
  const decipher = createDecipheriv('aes-256-gcm', encryption, nonce, { authTagLength: tagBytes })
  decipher.setAAD(aadOf(key, form, binding)).setAuthTag(sealed.subarray(-tagBytes))
  try {
    const plain = Buffer.concat([decipher.update(sealed.subarray(headBytes, -tagBytes)), decipher.final()])
    return form === textForm ? plain.toString() : new Uint8Array(plain)
  } catch (cause) {
    throw new DecryptionFailedError(what, { cause })
  }
}
