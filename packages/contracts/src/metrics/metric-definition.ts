/** What a label may say: one of these words, or as many different texts as the number allows; anything else is `other`. */
export type LabelBound = readonly string[] | number

interface CommonDefinition {
  /** `millrace_..._total` of a counter; a quantity ends in its unit: `_seconds`, `_bytes`. */
  readonly name: string
  /** One sentence for whoever meets it on a page. */
  readonly help: string
  /** By name; never a secret, a tenant or anything else of which there are as many as there are events. */
  readonly labels: Readonly<Record<string, LabelBound>>
}

/** Something that is counted, from the start of the process on. */
export interface CounterDefinition extends CommonDefinition {
  readonly kind: 'counter'
}

/** Something that is as it is at the moment it is looked at. */
export interface GaugeDefinition extends CommonDefinition {
  readonly kind: 'gauge'
  /** What several readings under one set of labels come to: those of two runtimes, or all of `other`. */
  readonly together: 'sum' | 'max'
}

/** How values are spread. */
export interface HistogramDefinition extends CommonDefinition {
  readonly kind: 'histogram'
  /** Upper bounds, ascending; one without bound is added. */
  readonly buckets: readonly number[]
}

export type MetricDefinition = CounterDefinition | GaugeDefinition | HistogramDefinition

type LabelValue<Bound> = Bound extends readonly (infer Word extends string)[] ? Word : string

/** The labels of one value of a metric: all of them, always. */
export type MetricLabels<Definition extends MetricDefinition> = {
  readonly [Label in keyof Definition['labels']]: LabelValue<Definition['labels'][Label]>
}

/** What stands for all texts of a label beyond its bound. */
export const otherLabel = 'other'
