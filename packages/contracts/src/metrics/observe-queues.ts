import type { QueueDepth } from '../queue/job-queue.ts'
import type { Metrics } from './metrics.ts'
import { millraceMetrics } from './millrace-metrics.ts'

/** Shows how many jobs there are in queues, by their names, until it is disposed of; they are asked whenever somebody looks. */
export function observeQueues(
  metrics: Metrics,
  depths: () => Promise<ReadonlyMap<string, QueueDepth>>,
): Disposable {
  const { queueDepth } = millraceMetrics
  return metrics.observe(queueDepth, async () =>
    [...(await depths())].flatMap(([queue, depth]) =>
      queueDepth.labels.state.map((state) => ({ value: depth[state], labels: { queue, state } })),
    ),
  )
}
