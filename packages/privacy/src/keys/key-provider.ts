import type { WrappedKey } from '@millrace/contracts'

/** What a wrapped key belongs to; it can be unwrapped for nothing else. */
export interface KeyContext {
  readonly subject: string
  readonly keyId: string
}

/**
 * Wraps data keys with master keys that never leave it: a file, the environment, or a key management service. A wrapped
 * key is safe to store.
 */
export interface KeyProvider {
  /** The master key that wraps from now on. */
  readonly currentId: string
  /** @throws {@link KeyUnavailableError} where it cannot be reached */
  wrap(dataKey: Uint8Array, context: KeyContext): Promise<WrappedKey>
  /** @throws {@link KeyUnavailableError} for a master key it does not have, bytes that were changed, or another context */
  unwrap(wrapped: WrappedKey, context: KeyContext): Promise<Uint8Array>
}
