import { ConnectionError } from '@millrace/contracts'
import type { Lease } from '@millrace/contracts'

import { Pulse, pause } from '../clock/pulse.ts'
import { until, within } from '../clock/until.ts'
import { isFenced, isRetryable } from '../errors/classify.ts'
import { Backoff } from '../retry/backoff.ts'
import type { RuntimeScope } from '../runtime/runtime-scope.ts'

/** Thrown out of whatever a partition was doing when its tenure ended. */
class TenureEnded extends Error {
  override readonly name = 'TenureEnded'
}

/** What a tenure tells the partition it belongs to. */
export interface TenureEvents {
  readonly onProblem: (error: unknown) => void
  /** The lease was renewed. */
  readonly onRenewed: () => void
}

/**
 * One holding of a lease. Three grades of having it: `mayStart` (work may begin), `winding` (what is under way may
 * end, nothing begins), `over` (everything ends now).
 *
 * A lease that could not be renewed in time only suspends: nothing begins, and renewing goes on. Attempts under way
 * were begun rightly and the store checks the epoch of whatever they write, so if nobody took over meanwhile (the
 * database was away for everyone) the tenure simply continues and no outcome is lost.
 */
export class Tenure {
  readonly lease: Lease
  readonly #scope: RuntimeScope
  readonly #events: TenureEvents
  readonly #winding = new AbortController()
  readonly #over = new AbortController()
  readonly #pulse = new Pulse()
  #endsAt: number
  #fenced = false

  constructor(
    granted: { readonly lease: Lease; readonly askedAt: number },
    scope: RuntimeScope,
    events: TenureEvents,
  ) {
    this.lease = granted.lease
    this.#scope = scope
    this.#events = events
    this.#endsAt = granted.askedAt + scope.leaseTtlMs
  }

  get winding(): AbortSignal {
    return this.#winding.signal
  }

  get over(): AbortSignal {
    return this.#over.signal
  }

  /** True when somebody else has the partition. */
  get fenced(): boolean {
    return this.#fenced
  }

  /** Judged by the monotonic clock, a tenth before the lease ends by the store's. */
  mayStart(): boolean {
    if (this.#winding.signal.aborted) return false
    return this.#scope.clock.monotonic() < this.#endsAt - this.#scope.leaseTtlMs / 10
  }

  /** From now on nothing begins. */
  wind(): void {
    this.#winding.abort()
  }

  /** Ends everything now. */
  end(reason: string): void {
    this.#winding.abort()
    this.#over.abort(new TenureEnded(`${this.lease.processor}/${this.lease.partition}: ${reason}`))
  }

  /** Renews the lease until the tenure is over; never rejects. */
  async keep(): Promise<void> {
    let waitMs = this.#scope.leaseTtlMs / 3
    while (!this.over.aborted) {
      await this.#pulse.wait({ timeoutMs: waitMs, signal: this.over })
      if (!this.over.aborted) waitMs = await this.#renew()
    }
  }

  /**
   * Repeats a call of the store for as long as the store itself is the trouble.
   * @throws what the call throws that waiting does not mend, and {@link TenureEnded}
   */
  async persist<T>(call: () => Promise<T>): Promise<T> {
    const backoff = new Backoff(this.#scope.random)
    for (;;) {
      this.over.throwIfAborted()
      try {
        return await until(call(), this.over)
      } catch (error) {
        this.#check(error)
        if (!isRetryable(error)) throw error
        this.#events.onProblem(error)
      }
      await pause(backoff.next(), this.over)
    }
  }

  /** Throws on if the tenure is over, or is now because the error says so. */
  #check(error: unknown): void {
    if (isFenced(error)) {
      const { processor, partition, epoch } = this.lease
      this.#scope.facts.tell({ kind: 'write-refused', processor, partition, epoch })
      this.#overtaken()
    }
    this.over.throwIfAborted()
  }

  #overtaken(): void {
    this.#scope.meters.refused(this.lease)
    this.#fenced = true
    this.end('another owner took over')
  }

  async #renew(): Promise<number> {
    const { store, clock, leaseTtlMs } = this.#scope
    const askedAt = clock.monotonic()
    const late = (): Error => new ConnectionError('the lease could not be renewed in time')
    try {
      await until(within(store.renew(this.lease, leaseTtlMs), leaseTtlMs / 3, late), this.over)
      this.#endsAt = askedAt + leaseTtlMs
      this.#events.onRenewed()
      return leaseTtlMs / 3
    } catch (error) {
      if (isFenced(error)) this.#overtaken()
      else if (!this.over.aborted) this.#events.onProblem(error)
      return Math.min(leaseTtlMs / 10, 1_000)
    }
  }
}
