import { millraceMetrics } from '@millrace/contracts'
import type { CacheStats, Metrics, Reading } from '@millrace/contracts'

const { cacheHits, cacheMisses, cacheEvictions, cacheStoreFailures, cacheLocalBytes } = millraceMetrics

/** Shows what a cache counts anyway, until it is disposed of: a hit costs nothing more. */
export function observeCache(metrics: Metrics, space: string, stats: () => CacheStats): Disposable {
  const of = (name: keyof CacheStats) => () => [{ value: stats()[name], labels: { space } }]
  const hits = (): readonly Reading<typeof cacheHits>[] => {
    const { localHits, storeHits } = stats()
    return [
      { value: localHits, labels: { space, level: 'local' } },
      { value: storeHits, labels: { space, level: 'store' } },
    ]
  }
  const all = new DisposableStack()
  all.use(metrics.observe(cacheHits, hits))
  all.use(metrics.observe(cacheMisses, of('misses')))
  all.use(metrics.observe(cacheEvictions, of('evictions')))
  all.use(metrics.observe(cacheStoreFailures, of('storeFailures')))
  all.use(metrics.observe(cacheLocalBytes, of('localBytes')))
  return all
}
