import { HttpReceiver } from '@millrace/tools/receivers'
import type { Behaviour, ReceivedRequest } from '@millrace/tools/receivers'

import type { LedgerTables } from './ledger-tables.ts'

/** A webhook that came in, and the attempt of which the ledger said that it was under way. */
export interface Arrival {
  readonly key: string
  readonly action: string
  /** Of the row. */
  readonly id: number
  readonly rev: number
  readonly attempt: number
  readonly status: number
}

/** An attempt that a kill cut off. */
interface Cut {
  readonly attempt: number
  readonly at: number
  /** Whether its webhook had come in. */
  readonly sent: boolean
}

/** Deliveries that a kill cut off. */
interface CutOff {
  readonly underWay: number
  /** Between their sending and its record. */
  readonly sent: number
}

/** Milliseconds an action's receiver takes: long enough for kills to fall in between. */
const slowness: Readonly<Record<string, number>> = { tell: 15, ship: 80, forget: 40 }
const failing = { action: 'tell', share: 0.12, status: 503 } as const

/**
 * Receives all webhooks. While each waits for its answer it looks whether the ledger holds the attempt, and whether it shows
 * every earlier one that a kill cut off as unknown.
 */
export class Witness implements AsyncDisposable {
  readonly arrivals: Arrival[] = []
  readonly problems: string[] = []
  readonly #receiver: HttpReceiver
  readonly #ledger: LedgerTables
  readonly #random: () => number
  /** By delivery. */
  readonly #cuts = new Map<string, Cut[]>()
  readonly #shown = new Set<string>()
  readonly #keys = new Set<string>()
  readonly #looking = new Set<Promise<unknown>>()
  #longestRerunMs = 0

  private constructor(receiver: HttpReceiver, ledger: LedgerTables, random: () => number) {
    this.#receiver = receiver
    this.#ledger = ledger
    this.#random = random
    receiver.behave((request) => ({ kind: 'decide', behaviour: this.#take(request) }))
  }

  static async open(ledger: LedgerTables, random: () => number): Promise<Witness> {
    return new Witness(await HttpReceiver.open(), ledger, random)
  }

  get url(): string {
    return this.#receiver.url
  }

  /** Attempts that kills cut off, as `key#attempt`. */
  get cuts(): ReadonlySet<string> {
    return new Set([...this.#cuts].flatMap(([key, cuts]) => cuts.map(({ attempt }) => `${key}#${attempt}`)))
  }

  /** Those of them whose webhook had come in. */
  get sentCuts(): ReadonlySet<string> {
    return new Set(
      [...this.#cuts].flatMap(([key, cuts]) =>
        cuts.filter(({ sent }) => sent).map(({ attempt }) => `${key}#${attempt}`),
      ),
    )
  }

  /** Those that the ledger showed as unknown while a later attempt was under way. */
  get shown(): ReadonlySet<string> {
    return this.#shown
  }

  /** Deliveries that have come in at least once. */
  get deliveries(): number {
    return this.#keys.size
  }

  /** From a kill to the next attempt of a delivery that it cut off. */
  get longestRerunMs(): number {
    return this.#longestRerunMs
  }

  /** Notes what a kill has cut off, before anybody takes over. */
  async cutOff(): Promise<CutOff> {
    const at = performance.now()
    // What the dead process sent last is here when the loop has come round, and its row lies still.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    while (this.#looking.size > 0) await Promise.all(this.#looking)
    const arrived = new Set(this.arrivals.map(({ key, attempt }) => `${key}#${attempt}`))
    const left = await this.#ledger.inFlight()
    let sentCount = 0
    for (const { id, attempts } of left) {
      const attempt = attempts.length + 1
      const known = this.#cuts.get(id) ?? []
      // A kill before the takeover was recorded finds what an earlier one left.
      if (known.some((cut) => cut.attempt === attempt)) continue
      const sent = arrived.has(`${id}#${attempt}`)
      this.#cuts.set(id, [...known, { attempt, at, sent }])
      if (sent) sentCount++
    }
    return { underWay: left.length, sent: sentCount }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#receiver[Symbol.asyncDispose]()
  }

  async #take(request: ReceivedRequest): Promise<Behaviour> {
    const looking = this.#look(request).catch((error: unknown): number => {
      this.problems.push(`${request.path} ${request.body}: ${String(error)}`)
      return 200
    })
    this.#looking.add(looking)
    const status = await looking
    this.#looking.delete(looking)
    return { kind: 'delay', ms: slowness[request.path.slice(1)] ?? 0, status }
  }

  async #look({ path, headers, body }: ReceivedRequest): Promise<number> {
    const key = headers['idempotency-key'] ?? 'no key'
    const { id, rev } = JSON.parse(body) as { readonly id: number; readonly rev: number }
    const action = path.slice(1)
    const delivery = await this.#ledger.open(key)
    if (delivery === undefined || !delivery.inFlight) {
      const known = delivery === undefined ? 'no open delivery' : 'no attempt under way'
      this.problems.push(`${key} came in, and the ledger had ${known}`)
      return 200
    }
    const attempt = delivery.attempts.length + 1
    for (const cut of this.#cuts.get(key) ?? []) {
      if (cut.attempt >= attempt) continue
      const outcome = delivery.attempts[cut.attempt - 1]?.outcome
      if (outcome === 'unknown') this.#show(`${key}#${cut.attempt}`, cut)
      else this.problems.push(`${key} ran again, and its attempt ${cut.attempt} was ${outcome}, not unknown`)
    }
    const fails = action === failing.action && this.#random() < failing.share
    const status = fails ? failing.status : 200
    this.arrivals.push({ key, action, id, rev, attempt, status })
    this.#keys.add(key)
    return status
  }

  #show(cutAttempt: string, { at }: Cut): void {
    if (this.#shown.has(cutAttempt)) return
    this.#shown.add(cutAttempt)
    this.#longestRerunMs = Math.max(this.#longestRerunMs, performance.now() - at)
  }
}
