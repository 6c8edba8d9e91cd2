import { millraceMetrics } from '@millrace/contracts'
import type { Metrics, Reading } from '@millrace/contracts'

import type { PartitionReport } from '../runtime/runtime-status.ts'

type PartitionsReader = () => Promise<readonly PartitionReport[]>

/** All gauges are read at once: one look at the database serves them all. */
function together(read: PartitionsReader): PartitionsReader {
  let underWay: ReturnType<PartitionsReader> | undefined
  return () =>
    (underWay ??= read().finally(() => {
      underWay = undefined
    }))
}

/** Shows where partitions stand, with the figures of their status, until it is disposed of. */
export function observePartitions(metrics: Metrics, read: PartitionsReader): Disposable {
  const reports = together(read)
  type Labels = Readonly<{ processor: string }>
  const of =
    (figure: (report: PartitionReport) => number) =>
    async (): Promise<readonly { readonly value: number; readonly labels: Labels }[]> =>
      (await reports()).map((report) => ({ value: figure(report), labels: { processor: report.processor } }))
  const epochs = async (): Promise<readonly Reading<typeof millraceMetrics.leaseEpoch>[]> =>
    (await reports()).map(({ epoch, processor, partition }) => ({
      value: epoch,
      labels: { processor, partition: String(partition) },
    }))
  const all = new DisposableStack()
  const { lagEvents, lagSeconds, backlogAgeSeconds } = millraceMetrics
  all.use(
    metrics.observe(
      lagEvents,
      of(({ lag }) => lag.events),
    ),
  )
  all.use(
    metrics.observe(
      lagSeconds,
      of(({ lag }) => lag.seconds),
    ),
  )
  all.use(
    metrics.observe(
      backlogAgeSeconds,
      of(({ backlogSeconds }) => backlogSeconds),
    ),
  )
  all.use(
    metrics.observe(
      millraceMetrics.openDeliveries,
      of((report) => report.openDeliveries),
    ),
  )
  all.use(
    metrics.observe(
      millraceMetrics.parkedRecords,
      of((report) => report.parkedRecords),
    ),
  )
  all.use(
    metrics.observe(
      millraceMetrics.deadLettersWaiting,
      of((report) => report.deadLetters),
    ),
  )
  all.use(metrics.observe(millraceMetrics.leaseEpoch, epochs))
  return all
}
