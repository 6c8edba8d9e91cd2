import type { MetricFamily, OpenMetrics } from '@millrace/telemetry'

/** What a process has counted. */
export interface MetricsView {
  /** By name; those that have values. */
  readonly metrics: readonly MetricFamily[]
}

/** What a process has counted; undefined where nothing runs. */
export async function readMetrics(
  metrics: Pick<OpenMetrics, 'read'> | undefined,
): Promise<MetricsView | undefined> {
  return metrics === undefined ? undefined : { metrics: await metrics.read() }
}
