import type { Envelope, EventDecoder, StoredEvent } from '@millrace/contracts'

import type { Clock } from '../clock/clock.ts'

/** A generation lasts so long, and what is decoded is used for two of them at most: it may be erased meanwhile. */
const generationMs = 250
const maxRecords = 2_500

/**
 * Decodes a record once for all processors that promise not to change what they are given: those that share a tail come by
 * the same records within moments. A record that cannot be decoded is tried by each.
 */
export class SharedDecoder {
  readonly #decode: EventDecoder
  readonly #clock: Clock
  #young = new Map<StoredEvent, readonly Envelope[]>()
  #old: ReadonlyMap<StoredEvent, readonly Envelope[]> = new Map()
  #bornAt: number

  constructor(decode: EventDecoder, clock: Clock) {
    this.#decode = decode
    this.#clock = clock
    this.#bornAt = clock.monotonic()
  }

  /** @throws what decoding throws */
  decode(stored: StoredEvent): readonly Envelope[] {
    this.#age()
    const known = this.#young.get(stored) ?? this.#old.get(stored)
    if (known !== undefined) return known
    const envelopes = this.#decode(stored)
    this.#young.set(stored, envelopes)
    return envelopes
  }

  #age(): void {
    const ageMs = this.#clock.monotonic() - this.#bornAt
    if (ageMs < generationMs && this.#young.size < maxRecords) return
    this.#old = ageMs < 2 * generationMs ? this.#young : new Map()
    this.#young = new Map()
    this.#bornAt = this.#clock.monotonic()
  }
}
