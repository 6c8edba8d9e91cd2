import type { MetricDefinition } from '@millrace/contracts'
import { DataPointType } from '@opentelemetry/sdk-metrics'
import type { Histogram, MetricData } from '@opentelemetry/sdk-metrics'

/** One set of labels of a counter or gauge, and what it is at. */
export interface MetricValue {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** One set of labels of a histogram. */
export interface MetricSpread {
  readonly labels: Readonly<Record<string, string>>
  readonly count: number
  readonly sum: number
  /** How many values are at most `upTo`; null for all of them. */
  readonly buckets: readonly { readonly upTo: number | null; readonly count: number }[]
}

/** A metric as it is now; plain JSON. */
export interface MetricFamily {
  readonly name: string
  readonly kind: MetricDefinition['kind']
  readonly help: string
  readonly series: readonly (MetricValue | MetricSpread)[]
}

type Labels = MetricValue['labels']

function spreadOf(labels: Labels, { count, sum = 0, buckets }: Histogram): MetricSpread {
  const { boundaries, counts } = buckets
  let upToHere = 0
  const shown = counts.map((each, n) => ({ upTo: boundaries[n] ?? null, count: (upToHere += each) }))
  return { labels, count, sum, buckets: shown }
}

/** What the SDK has collected of one metric. */
export function metricFamily(data: MetricData): MetricFamily {
  const { name, description: help } = data.descriptor
  if (data.dataPointType === DataPointType.EXPONENTIAL_HISTOGRAM)
    throw new Error(`${name} is of a kind that is never declared`)
  if (data.dataPointType === DataPointType.HISTOGRAM) {
    const series = data.dataPoints.map(({ attributes, value }) => spreadOf(attributes as Labels, value))
    return { name, kind: 'histogram', help, series }
  }
  const kind = data.dataPointType === DataPointType.SUM ? 'counter' : 'gauge'
  const series = data.dataPoints.map(({ attributes, value }) => ({ labels: attributes as Labels, value }))
  return { name, kind, help, series }
}
