import { KeyUnavailableError } from '@millrace/contracts'
import type { DecryptHook, StoredEvent } from '@millrace/contracts'

import { DataKey } from '../keys/data-key.ts'
import type { KeyRing, KnownKey } from '../keys/key-ring.ts'
import { erasedPayload, openPayload } from './event-opening.ts'
import type { OpeningParts } from './event-opening.ts'

/** What {@link EventOpener} works with. */
export interface OpenerParts extends OpeningParts {
  readonly ring: KeyRing
}

/**
 * Decrypts stored events. Decoding is synchronous and keys are not: they are made ready when events are read, and stay with
 * the events that they were made ready for.
 */
export class EventOpener {
  readonly #parts: OpenerParts
  readonly #ready = new WeakMap<StoredEvent, KnownKey>()

  constructor(parts: OpenerParts) {
    this.#parts = parts
  }

  /** Makes the events' keys ready; undefined where nothing has to be waited for. */
  prepare(events: readonly StoredEvent[]): Promise<void> | undefined {
    const encrypted = events.filter(({ encryption }) => encryption !== undefined)
    if (encrypted.length === 0) return undefined
    const loaded = this.#parts.ring.load(encrypted.map(({ encryption }) => encryption?.subject ?? ''))
    if (loaded instanceof Promise) return loaded.then((keys) => this.#hold(encrypted, keys))
    this.#hold(encrypted, loaded)
    return undefined
  }

  /** Makes the keys ready that this process has just used; nothing is waited for, in a transaction. */
  hold(events: readonly StoredEvent[]): void {
    for (const event of events) {
      const known = event.encryption && this.#parts.ring.inUse(event.encryption.subject)
      if (known !== undefined) this.#ready.set(event, known)
    }
  }

  /** Plain payload of an event whose key is ready. */
  readonly decrypt: DecryptHook = (stored) => {
    const { encryption } = stored
    if (encryption === undefined) return stored.payload
    const { subject, keyId } = encryption
    const known = this.#ready.get(stored) ?? this.#parts.ring.peek(subject)
    if (known === undefined)
      throw new KeyUnavailableError(
        keyId,
        'it is not at hand: read through the protected store, or call prepare() first',
      )
    if (known === 'erased' || (known instanceof DataKey && known.secrets === undefined))
      return erasedPayload(stored, this.#parts)
    if (known === 'none' || known.keyId !== keyId)
      throw new KeyUnavailableError(keyId, 'the key store does not hold it, and was not asked to erase it')
    return openPayload(stored, known)
  }

  #hold(events: readonly StoredEvent[], keys: ReadonlyMap<string, KnownKey>): void {
    for (const event of events) {
      const known = keys.get(event.encryption?.subject ?? '')
      if (known !== undefined) this.#ready.set(event, known)
    }
  }
}
