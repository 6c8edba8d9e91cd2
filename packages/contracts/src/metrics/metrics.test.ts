import { expect, test } from 'vitest'

import { ConnectionError, LockDriverUnavailableError } from '../errors/operation-errors.ts'
import type { LockDriver } from '../locks/lock-driver.ts'
import { measuredLocks } from './measured-locks.ts'
import type { MetricDefinition } from './metric-definition.ts'
import { noMetrics } from './metrics.ts'
import type { Metrics, Reading } from './metrics.ts'
import { millraceMetrics } from './millrace-metrics.ts'
import { observeQueues } from './observe-queues.ts'

const all: readonly MetricDefinition[] = Object.values(millraceMetrics)

test('names follow the conventions of Prometheus, and every label is bounded', () => {
  for (const { name, kind, help, labels } of all) {
    expect([name, /^millrace_[a-z_]+$/.test(name)]).toEqual([name, true])
    expect([name, name.endsWith('_total')]).toEqual([name, kind === 'counter'])
    expect([name, /^[A-Z'].*\.$/.test(help)]).toEqual([name, true])
    for (const bound of Object.values(labels))
      expect(typeof bound === 'number' ? bound <= 200 : bound.length <= 10).toBe(true)
  }
})

test('no label is the place of a secret or a tenant', () => {
  const labels = new Set(all.flatMap((metric) => Object.keys(metric.labels)))
  expect([...labels].toSorted()).toEqual([
    'destination',
    'index',
    'level',
    'observer',
    'outcome',
    'partition',
    'processor',
    'queue',
    'reason',
    'space',
    'state',
    'type',
  ])
})

test('the default counts nothing, and takes everything', () => {
  noMetrics.counter(millraceMetrics.eventsProcessed).add(1, { processor: 'orders' })
  noMetrics.histogram(millraceMetrics.actionDuration).record(1, { type: 'webhook', outcome: 'delivered' })
  let asked = 0
  const reader = noMetrics.observe(millraceMetrics.lagEvents, () => {
    asked += 1
    return []
  })
  reader[Symbol.dispose]()
  expect(asked).toBe(0)
})

function kept(): {
  readonly metrics: Metrics
  readonly added: [number, object][]
  readonly readers: unknown[]
} {
  const [added, readers]: [[number, object][], unknown[]] = [[], []]
  return {
    added,
    readers,
    metrics: {
      ...noMetrics,
      counter: () => ({ add: (count, labels) => void (count > 0 && added.push([count, labels])) }),
      observe: (definition, read) => {
        readers.push(read)
        return noMetrics.observe(definition, read)
      },
    },
  }
}

test('a lock driver that cannot be reached is counted, and says so as before', async () => {
  const { metrics, added } = kept()
  const away = new LockDriverUnavailableError('redis', { cause: new ConnectionError('gone') })
  const answers: (() => ReturnType<LockDriver['acquire']>)[] = [
    async () => ({ kind: 'busy', heldBy: 'ann', until: new Date() }),
    async () => await Promise.reject(away),
  ]
  const driver = { acquire: async () => await answers.shift()?.() } as unknown as LockDriver
  const locks = measuredLocks(driver, metrics)
  expect(await locks.acquire('till', { owner: 'bob', ttlMs: 1 })).toMatchObject({ kind: 'busy' })
  await expect(locks.acquire('till', { owner: 'bob', ttlMs: 1 })).rejects.toBe(away)
  expect(added).toEqual([
    [1, { outcome: 'busy' }],
    [1, { outcome: 'failed' }],
  ])
})

test('the depth of each queue is read by state when somebody looks', async () => {
  const { metrics, readers } = kept()
  const depth = { waiting: 3, delayed: 2, active: 1, dead: 0 }
  observeQueues(metrics, async () => new Map([['paint', depth]]))
  const read = readers[0] as () => Promise<readonly Reading<typeof millraceMetrics.queueDepth>[]>
  expect(await read()).toEqual([
    { value: 3, labels: { queue: 'paint', state: 'waiting' } },
    { value: 2, labels: { queue: 'paint', state: 'delayed' } },
    { value: 1, labels: { queue: 'paint', state: 'active' } },
    { value: 0, labels: { queue: 'paint', state: 'dead' } },
  ])
})
