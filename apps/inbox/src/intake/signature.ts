import { createHmac, timingSafeEqual } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** Content of `X-Hub-Signature-256` for a body, as GitHub sends it. */
export function signGithub(key: KeyObject, body: Uint8Array): string {
  return `sha256=${createHmac('sha256', key).update(body).digest('hex')}`
}

/** Whether the header could be a signature of something; costs nothing, whoever asks. */
export function isSignatureForm(header: string): boolean {
  return /^sha256=[0-9a-f]{64}$/i.test(header)
}

/** Whether the header signs exactly these bytes; takes the same time wherever the two differ. */
export function isGithubSignature(key: KeyObject, body: Uint8Array, header: string): boolean {
  const expected = Buffer.from(signGithub(key, body))
  const given = Buffer.from(header.toLowerCase())
  return given.byteLength === expected.byteLength && timingSafeEqual(given, expected)
}
