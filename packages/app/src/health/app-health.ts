import { ConnectionError } from '@millrace/contracts'

import { Component } from './component.ts'
import type { ComponentView, Probe, ProbeSettings } from './component.ts'

/** Settings of {@link AppHealth}. */
export interface AppHealthOptions extends Partial<ProbeSettings> {
  /** Milliseconds between two looks that nobody asked for. @defaultValue 5_000 */
  readonly everyMs?: number
}

const defaults: Required<AppHealthOptions> = {
  everyMs: 5_000,
  patienceMs: 3_000,
  recoveryMs: 10_000,
  now: Date.now,
}

/** What an app says about the servers it uses. */
export interface AppHealth {
  /** Looks at all of them now; takes no longer than three seconds, and never rejects. */
  check(): Promise<readonly ComponentView[]>
  /** As they were at the last look. */
  components(): readonly ComponentView[]
  /** Why nothing goes on at the moment: database or events are away. Undefined while they are there. */
  readonly away: ConnectionError | undefined
  /**
   * Does a piece of work unless database or events are away, or go away meanwhile: it is left to itself then, and whether it was
   * done is not known.
   * @throws {@link ConnectionError}
   */
  whileThere<Result>(work: () => Promise<Result>): Promise<Result>
}

/** Looks at the servers of an app now and then, and whenever somebody asks. */
export class OpenHealth implements AppHealth, Disposable {
  readonly #components: readonly Component[]
  readonly #everyMs: number
  readonly #waiting = new Set<(reason: ConnectionError) => void>()
  #timer: NodeJS.Timeout | undefined
  #checking: Promise<readonly ComponentView[]> | undefined

  constructor(probes: readonly Probe[], options: AppHealthOptions = {}) {
    const settings = { ...defaults, ...options }
    this.#components = probes.map((probe) => new Component(probe, settings))
    this.#everyMs = settings.everyMs
  }

  /** Begins to look by itself. */
  start(): void {
    this.#timer ??= setInterval(() => void this.check(), this.#everyMs).unref()
  }

  async check(): Promise<readonly ComponentView[]> {
    this.#checking ??= this.#look().finally(() => (this.#checking = undefined))
    return await this.#checking
  }

  components(): readonly ComponentView[] {
    return this.#components.map((component) => component.view())
  }

  get away(): ConnectionError | undefined {
    const lost = this.#components.find(({ probe, state }) => probe.vital && state === 'down')
    return lost && new ConnectionError(`${lost.probe.name} is away: ${lost.detail}`)
  }

  async whileThere<Result>(work: () => Promise<Result>): Promise<Result> {
    const { away } = this
    if (away !== undefined) throw away
    const { promise: gone, reject } = Promise.withResolvers<never>()
    this.#waiting.add(reject)
    try {
      return await Promise.race([work(), gone])
    } finally {
      this.#waiting.delete(reject)
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  async #look(): Promise<readonly ComponentView[]> {
    await Promise.all(this.#components.map(async (component) => await component.look()))
    const { away } = this
    if (away !== undefined) for (const reject of this.#waiting) reject(away)
    return this.components()
  }
}
