import type { ActionGate, Clock } from '@millrace/processing'

import { Circuit } from './circuit.ts'
import type { CircuitOptions, CircuitState } from './circuit.ts'
import { RateLimit } from './rate-limit.ts'

/** What one destination is spared. */
export interface DestinationLimits {
  /** Calls under way at once from this process; 1 to 1000. @defaultValue 16 */
  readonly concurrency?: number
  /** Calls that begin in a second, above 0. @defaultValue no limit */
  readonly perSecond?: number
  /** @defaultValue the defaults of {@link CircuitOptions}; false never stops calls */
  readonly circuit?: CircuitOptions | false
}

/** How a destination is doing, for status pages and metrics. */
export interface DestinationReport {
  readonly name: string
  /** `closed` also where there is no circuit. */
  readonly circuit: CircuitState
  readonly timesOpened: number
  /** Milliseconds until the next call is allowed; 0 unless the circuit is open. */
  readonly opensInMs: number
  /** Calls and failures of the circuit's present window. */
  readonly recent: { readonly calls: number; readonly failures: number }
  readonly inFlight: number
}

/** What a call said about its destination. `neutral`: nothing about whether it works (too many calls, a cancelled one). */
export type CallOutcome = 'success' | 'failure' | 'neutral'

export const destinationDefaults = { concurrency: 16 }

/** A wish is forgotten when nobody renews it: whoever had it may have gone. */
const wishMs = 1_000

interface Place {
  readonly tell: () => void
  readonly priority: number
}

/** One place calls go to: how many may be under way, and whether any may. */
export class Destination implements Disposable {
  readonly name: string
  readonly #clock: Clock
  readonly #concurrency: number
  readonly #rate: RateLimit | undefined
  readonly #circuit: Circuit | undefined
  readonly #places = new Set<Place>()
  /** Until when somebody of a priority is known to wait. */
  readonly #wishes = new Map<number, number>()
  #taken = 0
  #timer: NodeJS.Timeout | undefined

  constructor(name: string, limits: DestinationLimits, clock: Clock) {
    const { concurrency = destinationDefaults.concurrency, perSecond, circuit } = limits
    this.name = name
    this.#clock = clock
    this.#concurrency = concurrency
    this.#rate = perSecond === undefined ? undefined : new RateLimit(perSecond, clock.monotonic())
    this.#circuit = circuit === false ? undefined : new Circuit(circuit ?? {})
  }

  /** The way in for actions of one priority; of those that wait, the highest goes first. */
  gate(priority: number): ActionGate {
    const free = (): number => this.#free(priority)
    return {
      get free() {
        return free()
      },
      take: () => this.take(priority),
      giveBack: () => this.giveBack(),
      onFree: (tell) => {
        const place: Place = { tell, priority }
        this.#places.add(place)
        return () => this.#places.delete(place)
      },
    }
  }

  /** Takes a place; false where there is none now. */
  take(priority: number): boolean {
    if (this.#free(priority) <= 0) {
      this.#wishes.set(priority, this.#clock.monotonic() + wishMs)
      this.#wakeLater()
      return false
    }
    this.#wishes.delete(priority)
    this.#rate?.spend()
    this.#taken++
    return true
  }

  giveBack(): void {
    this.#taken--
    this.#tell()
  }

  report(outcome: CallOutcome): void {
    const now = this.#clock.monotonic()
    if (outcome === 'success') this.#circuit?.succeeded(now)
    else if (outcome === 'failure') this.#circuit?.failed(now)
  }

  /** Milliseconds until a call has a chance; at least the given ones. */
  waitMs(atLeast: number): number {
    const now = this.#clock.monotonic()
    return Math.max(atLeast, this.#circuit?.opensInMs(now) ?? 0, this.#rate?.nextInMs(now) ?? 0)
  }

  status(): DestinationReport {
    const now = this.#clock.monotonic()
    return {
      name: this.name,
      circuit: this.#circuit?.state(now) ?? 'closed',
      timesOpened: this.#circuit?.timesOpened ?? 0,
      opensInMs: this.#circuit?.opensInMs(now) ?? 0,
      recent: this.#circuit?.recent(now) ?? { calls: 0, failures: 0 },
      inFlight: this.#taken,
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#places.clear()
  }

  #free(priority: number): number {
    const now = this.#clock.monotonic()
    if (this.#isOutranked(priority, now)) return 0
    const state = this.#circuit?.state(now) ?? 'closed'
    if (state === 'open') return 0
    const inFlight = state === 'half-open' ? 1 : this.#concurrency
    return Math.min(inFlight - this.#taken, this.#rate?.available(now) ?? Number.POSITIVE_INFINITY)
  }

  #isOutranked(priority: number, now: number): boolean {
    return [...this.#wishes].some(([wanted, until]) => wanted > priority && until > now)
  }

  /** Whoever waits is told when time alone makes a place: a place that is given back tells by itself. */
  #wakeLater(): void {
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#tell()
    }, this.#wakeInMs())
    // Deliveries that wait in a ledger keep no process alive.
    this.#timer.unref()
  }

  #wakeInMs(): number {
    const now = this.#clock.monotonic()
    const waits = [this.#circuit?.opensInMs(now) ?? 0, this.#rate?.nextInMs(now) ?? 0].filter((ms) => ms > 0)
    return Math.min(wishMs, ...waits) + 1
  }

  #tell(): void {
    const inOrder = [...this.#places].toSorted((a, b) => b.priority - a.priority)
    for (const { tell } of inOrder) tell()
  }
}
