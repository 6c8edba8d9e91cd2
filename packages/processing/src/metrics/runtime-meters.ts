import { millraceMetrics } from '@millrace/contracts'
import type { AttemptResult, Counter, Histogram, Lease, Metrics } from '@millrace/contracts'

/** An attempt that was recorded. */
export interface EndedAttempt {
  /** The kind of its action. */
  readonly type: string
  readonly durationMs: number
  readonly result: AttemptResult
}

interface Ended {
  readonly delivered: number
  readonly dead: number
  readonly cancelled: number
  readonly retry: number
  readonly defer: number
}

const {
  eventsProcessed,
  eventsFailed,
  deliveries,
  retries,
  deadLetters,
  attemptsUnknown,
  actionDuration,
  failovers,
  writesRefused,
} = millraceMetrics

/** What a runtime counts: once for a batch, and the duration of each attempt. */
export class RuntimeMeters {
  readonly #processed: Counter<typeof eventsProcessed>
  readonly #failed: Counter<typeof eventsFailed>
  readonly #deliveries: Counter<typeof deliveries>
  readonly #retries: Counter<typeof retries>
  readonly #deadLetters: Counter<typeof deadLetters>
  readonly #unknown: Counter<typeof attemptsUnknown>
  readonly #duration: Histogram<typeof actionDuration>
  readonly #failovers: Counter<typeof failovers>
  readonly #refused: Counter<typeof writesRefused>

  constructor(metrics: Metrics) {
    this.#processed = metrics.counter(eventsProcessed)
    this.#failed = metrics.counter(eventsFailed)
    this.#deliveries = metrics.counter(deliveries)
    this.#retries = metrics.counter(retries)
    this.#deadLetters = metrics.counter(deadLetters)
    this.#unknown = metrics.counter(attemptsUnknown)
    this.#duration = metrics.histogram(actionDuration)
    this.#failovers = metrics.counter(failovers)
    this.#refused = metrics.counter(writesRefused)
  }

  /** Shows zeros for a processor before anything happens to it: a rate needs a first value. */
  expect(processor: string): void {
    for (const counter of [
      this.#processed,
      this.#failed,
      this.#deadLetters,
      this.#unknown,
      this.#failovers,
      this.#refused,
    ])
      counter.add(0, { processor })
  }

  /** A batch is recorded, with so many of its records parked; or parked ones were handled after all, or not again. */
  advanced(
    { processor }: Lease,
    { records = 0, parked = 0, unparked = 0 }: Partial<Record<'records' | 'parked' | 'unparked', number>>,
  ): void {
    const handled = records + unparked - Math.min(parked, records)
    if (handled > 0) this.#processed.add(handled, { processor })
    if (parked > 0) this.#failed.add(parked, { processor })
  }

  /** Attempts that ended are recorded. */
  ended({ processor }: Lease, attempts: readonly EndedAttempt[]): void {
    const counts: Record<keyof Ended, number> = { delivered: 0, dead: 0, cancelled: 0, retry: 0, defer: 0 }
    for (const { type, durationMs, result } of attempts) {
      const { verdict, attempt } = result
      counts[verdict.kind] += 1
      const outcome = attempt.outcome === 'delivered' ? 'delivered' : 'failed'
      if (verdict.kind !== 'cancelled') this.#duration.record(durationMs / 1000, { type, outcome })
    }
    for (const outcome of deliveries.labels.outcome)
      if (counts[outcome] > 0) this.#deliveries.add(counts[outcome], { processor, outcome })
    if (counts.dead > 0) this.#deadLetters.add(counts.dead, { processor })
    if (counts.retry > 0) this.#retries.add(counts.retry, { processor, reason: 'failed' })
    if (counts.defer > 0) this.#retries.add(counts.defer, { processor, reason: 'deferred' })
  }

  /** A partition was taken over while so many attempts were under way. */
  unknown({ processor }: Lease, count: number): void {
    this.#unknown.add(count, { processor })
  }

  /** A lease was taken that another owner had let run out. */
  failedOver({ processor }: Lease): void {
    this.#failovers.add(1, { processor })
  }

  /** A write came too late: somebody else has the partition. */
  refused({ processor }: Lease): void {
    this.#refused.add(1, { processor })
  }
}
