import type { Clock } from '../clock/clock.ts'
import type { FoundRecord } from './find-record.ts'

/** How long a record that was read may be used: an erasure in between must not find plaintext sent long after it. */
export const freshMs = 1_000
const maxRecords = 2_000
/** Of payload, in characters or bytes. */
const maxBytes = 8_000_000

/** A record and when it was read, by the monotonic clock. */
export interface RecentRecord {
  readonly found: FoundRecord
  readonly readAt: number
}

/**
 * The records of deliveries that wait for their turn a moment after they were opened: most come up within a second, and need
 * not be read again then. The oldest leave when a bound is passed.
 */
export class RecentRecords {
  readonly #clock: Clock
  readonly #held = new Map<string, RecentRecord & { readonly bytes: number }>()
  #bytes = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(deliveryId: string, found: FoundRecord): void {
    const bytes = found.stored.payload.length
    this.#drop(deliveryId)
    this.#held.set(deliveryId, { found, readAt: this.#clock.monotonic(), bytes })
    this.#bytes += bytes
    for (const [oldest] of this.#held) {
      if (this.#held.size <= maxRecords && this.#bytes <= maxBytes) break
      this.#drop(oldest)
    }
  }

  /** Takes a record out; undefined where it is not there, or was read too long ago. */
  take(deliveryId: string): RecentRecord | undefined {
    const held = this.#held.get(deliveryId)
    this.#drop(deliveryId)
    if (held === undefined || this.#clock.monotonic() - held.readAt > freshMs) return undefined
    return { found: held.found, readAt: held.readAt }
  }

  /** Lets go of what is too old to be used. */
  forgetOld(): void {
    for (const [id, { readAt }] of this.#held) {
      if (this.#clock.monotonic() - readAt <= freshMs) return
      this.#drop(id)
    }
  }

  #drop(deliveryId: string): void {
    this.#bytes -= this.#held.get(deliveryId)?.bytes ?? 0
    this.#held.delete(deliveryId)
  }
}
