export type { MetricFamily, MetricSpread, MetricValue } from './metrics/metric-family.ts'
export { metricsContentType, openMetrics } from './metrics/open-metrics.ts'
export type { MetricsOptions, OpenMetrics } from './metrics/open-metrics.ts'
