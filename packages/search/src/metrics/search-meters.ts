import { millraceMetrics } from '@millrace/contracts'
import type { Counter, Histogram, MetricLabels, Metrics } from '@millrace/contracts'

type Documents = typeof millraceMetrics.searchDocuments
type Outcome = MetricLabels<Documents>['outcome']

/** What is counted of the calls of one index: once a call. */
export class SearchMeters {
  readonly #index: string
  readonly #size: Histogram<typeof millraceMetrics.searchBulkDocuments>
  readonly #documents: Counter<Documents>

  constructor(metrics: Metrics, index: string) {
    this.#index = index
    this.#size = metrics.histogram(millraceMetrics.searchBulkDocuments)
    this.#documents = metrics.counter(millraceMetrics.searchDocuments)
    // A rate needs a first value.
    for (const outcome of millraceMetrics.searchDocuments.labels.outcome)
      this.#documents.add(0, { index, outcome })
  }

  /** A call is made. */
  called(documents: number): void {
    this.#size.record(documents, { index: this.#index })
  }

  /** What became of documents. */
  ended(counts: Partial<Readonly<Record<Outcome, number>>>): void {
    for (const outcome of millraceMetrics.searchDocuments.labels.outcome) {
      const count = counts[outcome] ?? 0
      if (count > 0) this.#documents.add(count, { index: this.#index, outcome })
    }
  }
}
