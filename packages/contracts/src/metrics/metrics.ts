import type {
  CounterDefinition,
  GaugeDefinition,
  HistogramDefinition,
  MetricDefinition,
  MetricLabels,
} from './metric-definition.ts'

/** A counter at work. */
export interface Counter<Definition extends CounterDefinition = CounterDefinition> {
  /** Adds 0 or more; adding 0 shows that there have been none so far. */
  add(count: number, labels: MetricLabels<Definition>): void
}

/** A histogram at work. */
export interface Histogram<Definition extends HistogramDefinition = HistogramDefinition> {
  record(value: number, labels: MetricLabels<Definition>): void
}

/** What a metric is at the moment, under one set of labels. */
export interface Reading<Definition extends MetricDefinition = MetricDefinition> {
  readonly value: number
  readonly labels: MetricLabels<Definition>
}

/** Tells what a metric is now. */
export type MetricReader<Definition extends MetricDefinition> = () =>
  | readonly Reading<Definition>[]
  | Promise<readonly Reading<Definition>[]>

/**
 * Where code that does some work counts it. What is added or recorded is in memory when the call returns, which never
 * throws and never waits; it is meant to be called once a batch. Declaring a metric twice is allowed and gives the same one.
 */
export interface Metrics {
  counter<const Definition extends CounterDefinition>(definition: Definition): Counter<Definition>
  histogram<const Definition extends HistogramDefinition>(definition: Definition): Histogram<Definition>
  /**
   * Has a metric read whenever somebody looks, until it is disposed of; the readings of several readers are added up, or
   * what `together` says. A counter that is observed is counted elsewhere, and never with {@link Metrics.counter} too.
   * A reader that throws leaves its metrics out and is counted.
   */
  observe<const Definition extends CounterDefinition | GaugeDefinition>(
    definition: Definition,
    read: MetricReader<Definition>,
  ): Disposable
}

const nowhere: Counter & Histogram = { add: () => undefined, record: () => undefined }

/** Counts nothing: the default of everything that counts. */
export const noMetrics: Metrics = {
  counter: () => nowhere,
  histogram: () => nowhere,
  observe: () => ({ [Symbol.dispose]: () => undefined }),
}
