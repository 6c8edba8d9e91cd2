import { openCache } from '@millrace/caching'
import {
  createEventDecoder,
  createIdFactory,
  createStreamId,
  measuredDedup,
  millraceMetrics,
} from '@millrace/contracts'
import { openMemoryDedup, openMemoryStore } from '@millrace/memory'
import { defineObserver, openObservers } from '@millrace/observers'
import { openPglite, openProcessorStore } from '@millrace/postgres'
import { createProcessorRuntime, defineAction, defineProcessor } from '@millrace/processing'
import { openMetrics } from '@millrace/telemetry'
import { expect, test } from 'vitest'

import { countCalls } from './support/counted-calls.ts'
import { eventually } from './support/eventually.ts'
import { metricValue } from './support/metric-value.ts'

const { eventsProcessed, deliveries, dedupClaims, cacheHits, observerMatches } = millraceMetrics

test('events cost a few calls a batch, attempts one each, and nothing is read before somebody looks', async () => {
  const events = 1_000
  await using metrics = openMetrics()
  const counted = countCalls(metrics)
  await using log = await openMemoryStore()
  const mint = createIdFactory()
  const one = Array.from({ length: 100 }, (_, n) => ({ type: 'noted', data: { n } }))
  for (let n = 0; n < events / 100; n++)
    await log.append(createStreamId('cart', mint()), one, { expectedVersion: 'no-stream' })
  await using database = await openPglite('memory')
  const act = defineAction({ name: 'act', execute: async () => undefined, concurrency: 500 })
  const orders = defineProcessor({
    name: 'orders',
    startFrom: 'beginning',
    actions: [act],
    handle: (batch, context) => {
      for (const envelope of batch) context.deliver('act', envelope)
    },
  })
  await using runtime = createProcessorRuntime({
    log: log.log,
    store: await openProcessorStore({ database }),
    decode: createEventDecoder(),
    processors: [orders],
    metrics: counted.metrics,
  })
  let batches = 0
  runtime.onChange(({ kind }) => (batches += kind === 'processor-advanced' ? 1 : 0))
  await runtime.start()
  const { calls } = counted
  await eventually(async () => await metricValue(metrics, deliveries.name)).toBe(events)
  expect(await metricValue(metrics, eventsProcessed.name)).toBe(events)
  expect(batches).toBeLessThan(events / 50)
  // The zeros at the start, one a batch, one for each time that attempts were recorded.
  expect(calls.added).toBeLessThan(events / 10)
  expect(calls.recorded).toBe(events)
})

test('a claim of 1,000 ids costs a call for each outcome, a hit of the cache none', async () => {
  await using metrics = openMetrics()
  const { metrics: counted, calls } = countCalls(metrics)
  const dedup = measuredDedup(openMemoryDedup(), counted)
  const ids = Array.from({ length: 1_000 }, (_, n) => `id-${n}`)
  for (const owner of ['ann', 'bob']) await dedup.claim('hub', ids, { owner, leaseMs: 60_000 })
  expect(calls).toEqual({ added: 2, recorded: 0, read: 0 })
  expect(await metricValue(metrics, dedupClaims.name, { outcome: 'processing' })).toBe(1_000)
  await using cache = openCache({ metrics: counted })
  for (let n = 0; n < 1_000; n++) await cache.getOrLoad('customer', async () => 'Ada')
  expect(calls).toEqual({ added: 2, recorded: 0, read: 0 })
  expect(await metricValue(metrics, cacheHits.name, { level: 'local' })).toBe(999)
})

test('10,000 observers make as many series as the catalogue says, and one for all others', async () => {
  await using metrics = openMetrics()
  const observers = Array.from({ length: 10_000 }, (_, n) =>
    defineObserver({ name: `rule-${n}`, actions: [{ action: 'log', name: 'say', message: 'hello' }] }),
  )
  await using loaded = openObservers({ observers, metrics, log: () => undefined })
  expect(loaded.processors).toHaveLength(10_000)
  const family = (await metrics.read()).find(({ name }) => name === observerMatches.name)
  const labels = family?.series.map((series) => series.labels['observer'])
  expect(labels).toHaveLength(observerMatches.labels.observer + 1)
  expect(labels).toContain('other')
})
