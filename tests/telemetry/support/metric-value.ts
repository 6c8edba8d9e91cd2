import type { OpenMetrics } from '@millrace/telemetry'

/** What a metric is at: the sum of the series with these labels, of a histogram the count. */
export async function metricValue(
  metrics: Pick<OpenMetrics, 'read'>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const family = (await metrics.read()).find((each) => each.name === name)
  const matching = (family?.series ?? []).filter((series) =>
    Object.entries(labels).every(([label, text]) => series.labels[label] === text),
  )
  return matching.reduce((sum, series) => sum + ('value' in series ? series.value : series.count), 0)
}
