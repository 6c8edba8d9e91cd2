import type { Encryption } from '../envelope/envelope.ts'

const brand = Symbol.for('millrace.sealed-data')

/** What {@link SealedData} holds. */
export interface SealedContent {
  readonly payload: string | Uint8Array
  /** Of the data before it was sealed. */
  readonly contentType: string
  readonly encryption: Encryption
}

/**
 * Data of an event that is encrypted already: every store writes it as it is. Made by the privacy package; JSON from outside
 * can never be one.
 */
export class SealedData {
  readonly content: SealedContent

  constructor(content: SealedContent) {
    this.content = content
    Object.defineProperty(this, brand, { value: true })
  }

  /** What the data holds where it is sealed, also across copies of this package. */
  static contentOf(data: unknown): SealedContent | undefined {
    if (typeof data !== 'object' || data === null || !(brand in data)) return undefined
    return (data as unknown as SealedData).content
  }
}
