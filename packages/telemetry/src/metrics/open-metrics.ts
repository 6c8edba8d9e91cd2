import { ConfigurationError, millraceMetrics } from '@millrace/contracts'
import type {
  Counter,
  CounterDefinition,
  Histogram,
  HistogramDefinition,
  MetricDefinition,
  MetricReader,
  Metrics,
} from '@millrace/contracts'
import type { Meter } from '@opentelemetry/api'
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import {
  AggregationTemporality,
  InstrumentType,
  MeterProvider,
  MetricReader as SdkReader,
} from '@opentelemetry/sdk-metrics'
import type { IMetricReader, ResourceMetrics } from '@opentelemetry/sdk-metrics'

import { BoundedLabels } from './bounded-labels.ts'
import { checkDefinition } from './check-definition.ts'
import { metricFamily } from './metric-family.ts'
import type { MetricFamily } from './metric-family.ts'
import { ObservedMetric } from './observed-metric.ts'
import type { ObservedDefinition } from './observed-metric.ts'

/** Settings of {@link openMetrics}. */
export interface MetricsOptions {
  /** Readers of the OpenTelemetry SDK that get all metrics too, for an exporter of one's own. @defaultValue none */
  readonly readers?: readonly IMetricReader[]
  /** Milliseconds a metric that is read elsewhere may take when somebody looks; 1 to 60_000. @defaultValue 5_000 */
  readonly readTimeoutMs?: number
}

/** Metrics that can be looked at. Closing it ends its readers; what counts goes on without effect. */
export interface OpenMetrics extends Metrics, AsyncDisposable {
  /** In the text format of Prometheus, version 0.0.4. */
  text(): Promise<string>
  /** Those that have values, as plain JSON. */
  read(): Promise<readonly MetricFamily[]>
}

/** What is served with {@link OpenMetrics.text}. */
export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8'

/** The bounds of our own labels are the only ones. */
const noLimit = 10_000_000

/** Collects when it is asked, and pushes nothing. */
class WhenLooked extends SdkReader {
  constructor() {
    super({
      cardinalitySelector: () => noLimit,
      // Cumulative, the SDK goes on showing the last reading of what is not read any more.
      aggregationTemporalitySelector: (type) =>
        type === InstrumentType.OBSERVABLE_GAUGE
          ? AggregationTemporality.DELTA
          : AggregationTemporality.CUMULATIVE,
    })
  }

  protected override async onForceFlush(): Promise<void> {
    // Nothing is held back.
  }

  protected override async onShutdown(): Promise<void> {
    // Nothing is open.
  }
}

interface Declared {
  readonly definition: MetricDefinition
  readonly metric: Counter | Histogram | ObservedMetric
}

class SdkMetrics implements OpenMetrics {
  readonly #reader = new WhenLooked()
  readonly #serializer = new PrometheusSerializer('', false, undefined, true, true)
  readonly #provider: MeterProvider
  readonly #meter: Meter
  readonly #declared = new Map<string, Declared>()
  readonly #timeoutMs: number
  readonly #readFailures: Counter<typeof millraceMetrics.readFailures>

  constructor({ readers = [], readTimeoutMs = 5_000 }: MetricsOptions) {
    if (!Number.isInteger(readTimeoutMs) || readTimeoutMs < 1 || readTimeoutMs > 60_000)
      throw new ConfigurationError('readTimeoutMs', 'must be a whole number from 1 to 60000')
    this.#timeoutMs = readTimeoutMs
    this.#provider = new MeterProvider({ readers: [this.#reader, ...readers] })
    this.#meter = this.#provider.getMeter('millrace')
    this.#readFailures = this.counter(millraceMetrics.readFailures)
    this.#readFailures.add(0, {})
  }

  counter<const Definition extends CounterDefinition>(definition: Definition): Counter<Definition> {
    return this.#once(definition, 'added', (): Counter => {
      const labels = new BoundedLabels(definition)
      const counter = this.#meter.createCounter(definition.name, { description: definition.help })
      return { add: (count, given) => counter.add(count, labels.bound(given)) }
    })
  }

  histogram<const Definition extends HistogramDefinition>(definition: Definition): Histogram<Definition> {
    return this.#once(definition, 'added', (): Histogram => {
      const labels = new BoundedLabels(definition)
      const { name, help: description, buckets } = definition
      const advice = { explicitBucketBoundaries: [...buckets] }
      const histogram = this.#meter.createHistogram(name, { description, advice })
      return { record: (value, given) => histogram.record(value, labels.bound(given)) }
    })
  }

  observe<const Definition extends ObservedDefinition>(
    definition: Definition,
    read: MetricReader<Definition>,
  ): Disposable {
    const metric = this.#once(definition, 'observed', () => this.#observed(definition))
    return metric.add(read)
  }

  async text(): Promise<string> {
    return this.#serializer.serialize(await this.#collect())
  }

  async read(): Promise<readonly MetricFamily[]> {
    const { scopeMetrics } = await this.#collect()
    const families = scopeMetrics.flatMap(({ metrics }) => metrics.map(metricFamily))
    return families.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#provider.shutdown()
  }

  #observed(definition: ObservedDefinition): ObservedMetric {
    const { name, kind, help: description } = definition
    const instrument =
      kind === 'counter'
        ? this.#meter.createObservableCounter(name, { description })
        : this.#meter.createObservableGauge(name, { description })
    const metric = new ObservedMetric(definition, {
      labels: new BoundedLabels(definition),
      timeoutMs: this.#timeoutMs,
      onFailure: () => this.#readFailures.add(1, {}),
    })
    instrument.addCallback(async (result) => {
      for (const { value, labels } of await metric.read()) result.observe(value, labels)
    })
    return metric
  }

  /** The metric of this name, made the first time. @throws {@link ConfigurationError} for another one of the name */
  #once<Made extends Declared['metric']>(
    definition: MetricDefinition,
    by: 'added' | 'observed',
    make: () => Made,
  ): Made {
    const { name } = definition
    const known = this.#declared.get(name)
    if (known === undefined) {
      checkDefinition(definition)
      const metric = make()
      this.#declared.set(name, { definition, metric })
      return metric
    }
    const isSame = JSON.stringify(known.definition) === JSON.stringify(definition)
    if (isSame && known.metric instanceof ObservedMetric === (by === 'observed')) return known.metric as Made
    throw new ConfigurationError(`metric ${name}`, 'was declared in another way before')
  }

  async #collect(): Promise<ResourceMetrics> {
    const { resourceMetrics, errors } = await this.#reader.collect()
    if (errors.length > 0) throw new AggregateError(errors, 'metrics could not be collected')
    return resourceMetrics
  }
}

/**
 * Metrics in this process, kept by the OpenTelemetry SDK.
 * @throws {@link ConfigurationError} naming the setting
 */
export function openMetrics(options: MetricsOptions = {}): OpenMetrics {
  return new SdkMetrics(options)
}
