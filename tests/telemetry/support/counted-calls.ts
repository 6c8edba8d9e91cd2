import type { Counter, Histogram, Metrics } from '@millrace/contracts'

/** How often metrics were called. */
export interface CountedCalls {
  readonly metrics: Metrics
  readonly calls: { added: number; recorded: number; read: number }
}

/** Metrics that count what they cost their callers, and hand it on. */
export function countCalls(metrics: Metrics): CountedCalls {
  const calls = { added: 0, recorded: 0, read: 0 }
  return {
    calls,
    metrics: {
      counter: (definition) => {
        const counter: Counter = metrics.counter(definition)
        return {
          add: (count, labels) => {
            calls.added += 1
            counter.add(count, labels)
          },
        }
      },
      histogram: (definition) => {
        const histogram: Histogram = metrics.histogram(definition)
        return {
          record: (value, labels) => {
            calls.recorded += 1
            histogram.record(value, labels)
          },
        }
      },
      observe: (definition, read) =>
        metrics.observe(definition, () => {
          calls.read += 1
          return read()
        }),
    },
  }
}
