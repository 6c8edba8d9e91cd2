import { createSecretKey, hkdfSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** A subject's data key, unwrapped. Whoever holds one sees at once when it is destroyed. */
export class DataKey {
  readonly subject: string
  readonly keyId: string
  #secrets: { readonly encryption: KeyObject; readonly nonce: KeyObject } | undefined

  /** Takes over `bytes`: they are zero afterwards. */
  constructor(subject: string, keyId: string, bytes: Uint8Array) {
    this.subject = subject
    this.keyId = keyId
    const derive = (use: string): KeyObject =>
      createSecretKey(new Uint8Array(hkdfSync('sha256', bytes, '', `millrace ${use} 1`, 32)))
    this.#secrets = { encryption: derive('encryption'), nonce: derive('nonce') }
    bytes.fill(0)
  }

  /** Undefined once the key was destroyed. */
  get secrets(): { readonly encryption: KeyObject; readonly nonce: KeyObject } | undefined {
    return this.#secrets
  }

  destroy(): void {
    this.#secrets = undefined
  }
}
