import { millraceMetrics, otherLabel } from '@millrace/contracts'
import type { MetricLabels, Metrics, Reading } from '@millrace/contracts'

import type { DestinationReport } from '../destination/destination.ts'
import type { ObserverReport } from '../observer/rule-report.ts'

/** What is read for metrics. */
export interface ObservedParts {
  readonly observers: () => readonly ObserverReport[]
  readonly destinations: () => readonly DestinationReport[]
  /** Whether a rule names the destination, and no event does. */
  readonly isFixed: (destination: string) => boolean
}

const { observerMatches, observerFailures, circuitOpened, circuitState } = millraceMetrics

/** Shows what rules have matched and how their destinations do, until it is disposed of. */
export function observeObservers(metrics: Metrics, parts: ObservedParts): Disposable {
  // Events may name hosts by their customers: those are no label.
  const labelOf = (name: string): string => (parts.isFixed(name) ? name : otherLabel)
  const counted = (count: (report: ObserverReport) => number) => () =>
    parts.observers().map((report) => ({ value: count(report), labels: { observer: report.name } }))
  const opened = (): readonly Reading<typeof circuitOpened>[] =>
    parts
      .destinations()
      .map(({ name, timesOpened }) => ({ value: timesOpened, labels: { destination: labelOf(name) } }))
  const states = (): readonly Reading<typeof circuitState>[] =>
    parts.destinations().flatMap(({ name, circuit }) =>
      circuitState.labels.state.map((state) => {
        const labels: MetricLabels<typeof circuitState> = { destination: labelOf(name), state }
        return { value: circuit === state ? 1 : 0, labels }
      }),
    )
  const all = new DisposableStack()
  all.use(
    metrics.observe(
      observerMatches,
      counted(({ matched }) => matched),
    ),
  )
  all.use(
    metrics.observe(
      observerFailures,
      counted(({ failed }) => failed),
    ),
  )
  all.use(metrics.observe(circuitOpened, opened))
  all.use(metrics.observe(circuitState, states))
  return all
}
