/** How a server is that an app uses. `recovering`: it answers again, since a moment only. */
export type ComponentState = 'healthy' | 'degraded' | 'recovering' | 'down'

/** A server that an app uses, or the embedded database, as plain JSON. */
export interface ComponentView {
  /** `database`, `events`, `redis` or `search`. */
  readonly name: string
  /** What it is for. */
  readonly serves: readonly string[]
  readonly state: ComponentState
  /** What it said last, or why it did not; no password. */
  readonly detail: string
  /** When it came into this state. */
  readonly since: string
}

/** What a look at a component found; one that is away rejects. */
export interface Finding {
  readonly degraded: boolean
  readonly detail: string
}

/** What is looked at. */
export interface Probe {
  readonly name: string
  readonly serves: readonly string[]
  /** Whether nothing goes on without it. */
  readonly vital: boolean
  readonly look: () => Promise<Finding>
}

/** How looks are made. */
export interface ProbeSettings {
  /** Milliseconds until one without an answer counts as away. */
  readonly patienceMs: number
  /** Milliseconds it counts as recovering once it is back. */
  readonly recoveryMs: number
  /** Current time in epoch milliseconds. */
  readonly now: () => number
}

function nextState(
  state: ComponentState | undefined,
  finding: Finding | undefined,
  forMs: number,
  recoveryMs: number,
): ComponentState {
  if (finding === undefined) return 'down'
  if (finding.degraded) return 'degraded'
  if (state === 'down') return 'recovering'
  return state === 'recovering' && forMs < recoveryMs ? 'recovering' : 'healthy'
}

/** One component and its state, changed by looks at it. */
export class Component {
  readonly probe: Probe
  readonly #settings: ProbeSettings
  /** A server that hangs is asked once, not again and again: each question holds a connection. */
  #looking: Promise<Finding> | undefined
  #state: ComponentState | undefined
  #since = 0
  #detail = ''

  constructor(probe: Probe, settings: ProbeSettings) {
    this.probe = probe
    this.#settings = settings
  }

  /** Undefined before the first look. */
  get state(): ComponentState | undefined {
    return this.#state
  }

  get detail(): string {
    return this.#detail
  }

  view(): ComponentView {
    const { name, serves } = this.probe
    return {
      name,
      serves,
      state: this.#state ?? 'healthy',
      detail: this.#detail,
      since: new Date(this.#since).toISOString(),
    }
  }

  /** Looks at it; never rejects, and waits no longer than its patience. */
  async look(): Promise<void> {
    try {
      const finding = await this.#inTime()
      this.#became(finding, finding.detail)
    } catch (error) {
      this.#became(undefined, error instanceof Error ? error.message : String(error))
    }
  }

  async #inTime(): Promise<Finding> {
    const { patienceMs } = this.#settings
    this.#looking ??= this.probe.look().finally(() => (this.#looking = undefined))
    const silence = Promise.withResolvers<never>()
    const error = new Error(`has not answered within ${patienceMs / 1000} s`)
    const timer = setTimeout(() => silence.reject(error), patienceMs)
    try {
      return await Promise.race([this.#looking, silence.promise])
    } finally {
      clearTimeout(timer)
    }
  }

  #became(finding: Finding | undefined, detail: string): void {
    const now = this.#settings.now()
    const next = nextState(this.#state, finding, now - this.#since, this.#settings.recoveryMs)
    if (next !== this.#state) this.#since = now
    this.#state = next
    this.#detail = detail
  }
}
