import type { LockDriver } from '../locks/lock-driver.ts'
import type { Metrics } from './metrics.ts'
import { millraceMetrics } from './millrace-metrics.ts'

/** Counts what becomes of requests for locks. */
export function measuredLocks(driver: LockDriver, metrics: Metrics): LockDriver {
  const requests = metrics.counter(millraceMetrics.lockRequests)
  // A rate needs a first value.
  for (const outcome of millraceMetrics.lockRequests.labels.outcome) requests.add(0, { outcome })
  return {
    acquire: async (name, options) => {
      try {
        const attempt = await driver.acquire(name, options)
        requests.add(1, { outcome: attempt.kind })
        return attempt
      } catch (error) {
        requests.add(1, { outcome: 'failed' })
        throw error
      }
    },
    renew: async (lock, ttlMs, progress) => await driver.renew(lock, ttlMs, progress),
    release: async (lock) => await driver.release(lock),
    inspect: async (name) => await driver.inspect(name),
    list: async () => await driver.list(),
    forceRelease: async (name, by) => await driver.forceRelease(name, by),
  }
}
