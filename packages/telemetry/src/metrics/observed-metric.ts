import type { CounterDefinition, GaugeDefinition, MetricReader, Reading } from '@millrace/contracts'

import type { AnyLabels, BoundedLabels } from './bounded-labels.ts'

/** A metric that is read when somebody looks. */
export type ObservedDefinition = CounterDefinition | GaugeDefinition

/** What an {@link ObservedMetric} works with. */
export interface ObservedSurroundings {
  readonly labels: BoundedLabels
  /** Milliseconds a reader may take. */
  readonly timeoutMs: number
  readonly onFailure: () => void
}

interface Together {
  readonly labels: AnyLabels
  value: number
}

async function within<T>(work: T | Promise<T>, timeoutMs: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`took longer than ${timeoutMs} ms`)), timeoutMs)
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The readers of one metric, asked together. */
export class ObservedMetric {
  readonly #definition: ObservedDefinition
  readonly #around: ObservedSurroundings
  readonly #readers = new Set<{ readonly read: MetricReader<ObservedDefinition> }>()

  constructor(definition: ObservedDefinition, around: ObservedSurroundings) {
    this.#definition = definition
    this.#around = around
  }

  add(read: MetricReader<ObservedDefinition>): Disposable {
    const reader = { read }
    this.#readers.add(reader)
    return { [Symbol.dispose]: () => void this.#readers.delete(reader) }
  }

  /** One reading for each set of labels; never rejects. */
  async read(): Promise<readonly Reading[]> {
    const all = await Promise.all([...this.#readers].map(async ({ read }) => await this.#ask(read)))
    const together = new Map<string, Together>()
    for (const { value, labels: given } of all.flat()) {
      const labels = this.#around.labels.bound(given)
      const key = JSON.stringify(labels)
      const other = together.get(key)
      if (other === undefined) together.set(key, { labels, value })
      else other.value = this.#join(other.value, value)
    }
    return [...together.values()]
  }

  async #ask(read: MetricReader<ObservedDefinition>): Promise<readonly Reading[]> {
    try {
      return await within(read(), this.#around.timeoutMs)
    } catch {
      // What it is read from is away, and says so in the status; here it is counted and left out.
      this.#around.onFailure()
      return []
    }
  }

  #join(one: number, other: number): number {
    const isSum = this.#definition.kind === 'counter' || this.#definition.together === 'sum'
    return isSum ? one + other : Math.max(one, other)
  }
}
