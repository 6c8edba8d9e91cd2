import { ConfigurationError } from '@millrace/contracts'
import type { Clock } from '@millrace/processing'

import { circuitDefaults } from './circuit.ts'
import { Destination, destinationDefaults } from './destination.ts'
import type { DestinationLimits, DestinationReport } from './destination.ts'

/** Limits by destination: `api.example.com`, `smtp.example.com:587`; `*` for all others. */
export type DestinationOptions = Readonly<Record<string, DestinationLimits>>

/** A template may name a host for each event: those nobody uses any more are let go. */
const maxKnown = 1_000

function refuseUnless(holds: boolean, setting: string, rule: string): void {
  if (!holds) throw new ConfigurationError(setting, `must be ${rule}`)
}

function checkLimits(setting: string, limits: DestinationLimits): void {
  const { concurrency = destinationDefaults.concurrency, perSecond = 1, circuit } = limits
  const whole = (value: number, max: number): boolean => Number.isInteger(value) && value >= 1 && value <= max
  refuseUnless(whole(concurrency, 1000), `${setting}.concurrency`, 'a whole number from 1 to 1000')
  refuseUnless(perSecond > 0 && Number.isFinite(perSecond), `${setting}.perSecond`, 'a number above 0')
  if (circuit === false) return
  const { windowMs, minCalls, failureRate, openMs, successes } = { ...circuitDefaults, ...circuit }
  refuseUnless(whole(windowMs, 3_600_000), `${setting}.circuit.windowMs`, 'milliseconds from 1 to 3600000')
  refuseUnless(whole(openMs, 3_600_000), `${setting}.circuit.openMs`, 'milliseconds from 1 to 3600000')
  refuseUnless(whole(minCalls, 100_000), `${setting}.circuit.minCalls`, 'a whole number from 1 to 100000')
  refuseUnless(whole(successes, 1000), `${setting}.circuit.successes`, 'a whole number from 1 to 1000')
  refuseUnless(
    failureRate > 0 && failureRate <= 1,
    `${setting}.circuit.failureRate`,
    'a number above 0, at most 1',
  )
}

/** The destinations of a process, each with its circuit and limits. */
export class Destinations implements Disposable {
  readonly #options: DestinationOptions
  readonly #clock: Clock
  readonly #known = new Map<string, Destination>()
  /** Those that actions hold on to. */
  readonly #kept = new Set<string>()

  /** @throws {@link ConfigurationError} naming the limit */
  constructor(options: DestinationOptions, clock: Clock) {
    for (const [name, limits] of Object.entries(options)) checkLimits(`destinations.${name}`, limits)
    this.#options = options
    this.#clock = clock
  }

  /** One that stays. */
  keep(name: string): Destination {
    this.#kept.add(name)
    return this.at(name)
  }

  at(name: string): Destination {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    this.#letGo()
    const limits = Object.hasOwn(this.#options, name) ? this.#options[name] : this.#options['*']
    const created = new Destination(name, limits ?? {}, this.#clock)
    this.#known.set(name, created)
    return created
  }

  /** Whether an action holds on to it; else events decide to call it. */
  isKept(name: string): boolean {
    return this.#kept.has(name)
  }

  status(): readonly DestinationReport[] {
    return [...this.#known.values()]
      .map((each) => each.status())
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  [Symbol.dispose](): void {
    for (const each of this.#known.values()) each[Symbol.dispose]()
    this.#known.clear()
  }

  #letGo(): void {
    if (this.#known.size < maxKnown) return
    for (const [name, each] of this.#known) {
      if (this.#kept.has(name) || each.status().inFlight > 0) continue
      each[Symbol.dispose]()
      this.#known.delete(name)
      if (this.#known.size < maxKnown) return
    }
  }
}
