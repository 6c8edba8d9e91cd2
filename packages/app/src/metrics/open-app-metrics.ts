import { measuredDedup, measuredLocks, observeQueues } from '@millrace/contracts'
import type { Metrics } from '@millrace/contracts'
import type { OpenMetrics } from '@millrace/telemetry'

import type { OpenLocks } from '../open/open-locks.ts'
import type { AppQueue } from '../services/app-queue.ts'
import type { OpenDedup } from '../services/open-dedup.ts'

/** Metrics are those of a process that runs the app: who only looks has none. */
export async function openAppMetrics(mode: 'run' | 'inspect'): Promise<OpenMetrics | undefined> {
  if (mode !== 'run') return undefined
  // Loaded where it is used: a command that only looks starts faster without it.
  const { openMetrics } = await import('@millrace/telemetry')
  return openMetrics()
}

/** Locks that count what is asked of them. */
export function countedLocks(locks: OpenLocks, metrics: Metrics): OpenLocks {
  const close = async (): Promise<void> => await locks[Symbol.asyncDispose]()
  return Object.assign(measuredLocks(locks, metrics), { [Symbol.asyncDispose]: close })
}

/** Foreign ids that count what becomes of them. */
export function countedDedup(dedup: OpenDedup, metrics: Metrics): OpenDedup {
  const close = async (): Promise<void> => await dedup[Symbol.asyncDispose]()
  return Object.assign(measuredDedup(dedup, metrics), { [Symbol.asyncDispose]: close })
}

/** Shows the depth of each of the app's queues. */
export function observeAppQueue(queue: AppQueue, metrics: Metrics): Disposable {
  return observeQueues(metrics, async () => await queue.depths())
}
