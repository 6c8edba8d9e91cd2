import { ConfigurationError, millraceMetrics } from '@millrace/contracts'
import type { MetricDefinition } from '@millrace/contracts'
import { MetricReader } from '@opentelemetry/sdk-metrics'
import { expect, test } from 'vitest'

import { openMetrics } from './open-metrics.ts'
import type { OpenMetrics } from './open-metrics.ts'

const orders = {
  kind: 'counter',
  name: 'shop_orders_total',
  help: 'Orders.',
  labels: { shop: 3, way: ['web', 'phone'] },
} as const

const waiting = {
  kind: 'gauge',
  together: 'sum',
  name: 'shop_waiting',
  help: 'Those who wait.',
  labels: { shop: 2 },
} as const

const oldest = { ...waiting, together: 'max', name: 'shop_oldest_seconds' } as const

const took = {
  kind: 'histogram',
  name: 'shop_took_seconds',
  help: 'How long it took.',
  labels: {},
  buckets: [0.1, 1],
} as const

async function seriesOf(metrics: OpenMetrics, name: string): Promise<readonly unknown[] | undefined> {
  return (await metrics.read()).find((family) => family.name === name)?.series
}

test('what is counted is shown as Prometheus reads it, and as JSON', async () => {
  await using metrics = openMetrics()
  const counter = metrics.counter(orders)
  counter.add(2, { shop: 'a "quoted"\nname\\', way: 'web' })
  counter.add(3, { shop: 'a "quoted"\nname\\', way: 'web' })
  const histogram = metrics.histogram(took)
  for (const value of [0.05, 0.1, 0.5, 7]) histogram.record(value, {})
  const text = await metrics.text()
  expect(text).toContain('# HELP shop_orders_total Orders.\n# TYPE shop_orders_total counter\n')
  expect(text).toContain(String.raw`shop_orders_total{shop="a \"quoted\"\nname\\",way="web"} 5`)
  expect(text).toContain('shop_took_seconds_bucket{le="0.1"} 2\n')
  expect(text).toContain('shop_took_seconds_bucket{le="+Inf"} 4')
  expect(text).not.toMatch(/otel|target_info/)
  expect(await seriesOf(metrics, 'shop_took_seconds')).toEqual([
    {
      labels: {},
      count: 4,
      sum: 7.65,
      buckets: [
        { upTo: 0.1, count: 2 },
        { upTo: 1, count: 3 },
        { upTo: null, count: 4 },
      ],
    },
  ])
})

test('a label beyond its bound is other, and no event adds a series for ever', async () => {
  await using metrics = openMetrics()
  const counter = metrics.counter(orders)
  for (let shop = 0; shop < 10_000; shop++) counter.add(1, { shop: `shop-${shop}`, way: 'web' })
  counter.add(1, { shop: 'shop-1', way: 'web' })
  counter.add(1, { shop: 'shop-1', way: 'dove' as 'web' })
  expect(await seriesOf(metrics, 'shop_orders_total')).toEqual([
    { labels: { shop: 'shop-0', way: 'web' }, value: 1 },
    { labels: { shop: 'shop-1', way: 'web' }, value: 2 },
    { labels: { shop: 'shop-2', way: 'web' }, value: 1 },
    { labels: { shop: 'other', way: 'web' }, value: 9_997 },
    { labels: { shop: 'shop-1', way: 'other' }, value: 1 },
  ])
})

test('more series than the SDK allows by itself are shown under their own labels', async () => {
  await using metrics = openMetrics()
  const counter = metrics.counter({ ...orders, labels: { shop: 5_000 } })
  for (let shop = 0; shop < 5_000; shop++) counter.add(1, { shop: `shop-${shop}` })
  expect(await seriesOf(metrics, 'shop_orders_total')).toHaveLength(5_000)
  expect(await metrics.text()).not.toContain('overflow')
})

test('readings of several readers come together as the definition says', async () => {
  await using metrics = openMetrics()
  const readings = (values: readonly number[]) => () =>
    values.map((value, n) => ({ value, labels: { shop: `${n}` } }))
  for (const definition of [waiting, oldest]) {
    metrics.observe(definition, readings([1, 10, 100, 1000]))
    metrics.observe(definition, async () => readings([2, 5])())
  }
  const labels = [{ shop: '0' }, { shop: '1' }, { shop: 'other' }]
  expect(await seriesOf(metrics, 'shop_waiting')).toEqual([
    { labels: labels[0], value: 3 },
    { labels: labels[1], value: 15 },
    { labels: labels[2], value: 1100 },
  ])
  expect(await seriesOf(metrics, 'shop_oldest_seconds')).toEqual([
    { labels: labels[0], value: 2 },
    { labels: labels[1], value: 10 },
    { labels: labels[2], value: 1000 },
  ])
})

test('a reader that is gone is not asked any more', async () => {
  await using metrics = openMetrics()
  let asked = 0
  const reader = metrics.observe(waiting, () => {
    asked += 1
    return [{ value: asked, labels: { shop: 'a' } }]
  })
  for (const value of [1, 2])
    expect(await seriesOf(metrics, 'shop_waiting')).toEqual([{ labels: { shop: 'a' }, value }])
  reader[Symbol.dispose]()
  expect((await seriesOf(metrics, 'shop_waiting')) ?? []).toEqual([])
  expect(asked).toBe(2)
})

test('a reader that throws or hangs is left out and counted; the others are shown', async () => {
  await using metrics = openMetrics({ readTimeoutMs: 20 })
  const failures = millraceMetrics.readFailures.name
  expect(await seriesOf(metrics, failures)).toEqual([{ labels: {}, value: 0 }])
  metrics.observe(waiting, () => [{ value: 7, labels: { shop: 'a' } }])
  metrics.observe(waiting, () => {
    throw new Error('away')
  })
  metrics.observe(waiting, async () => await Promise.withResolvers<never>().promise)
  expect(await seriesOf(metrics, 'shop_waiting')).toEqual([{ labels: { shop: 'a' }, value: 7 }])
  // Two in that look, two in this one.
  expect(await seriesOf(metrics, failures)).toEqual([{ labels: {}, value: 4 }])
})

class OtherReader extends MetricReader {
  closed = false

  protected override async onForceFlush(): Promise<void> {
    await Promise.resolve()
  }

  protected override async onShutdown(): Promise<void> {
    this.closed = true
    await Promise.resolve()
  }
}

test('another reader gets all metrics too, and ends with them', async () => {
  const reader = new OtherReader()
  {
    await using metrics = openMetrics({ readers: [reader] })
    metrics.counter(orders).add(3, { shop: 'a', way: 'web' })
    const { scopeMetrics } = (await reader.collect()).resourceMetrics
    const found = scopeMetrics
      .flatMap((scope) => scope.metrics)
      .find(({ descriptor }) => descriptor.name === orders.name)
    expect(found?.dataPoints).toMatchObject([{ attributes: { shop: 'a', way: 'web' }, value: 3 }])
    expect(await seriesOf(metrics, orders.name)).toHaveLength(1)
  }
  expect(reader.closed).toBe(true)
})

test('declaring a metric twice gives the same one; another one of its name is refused', async () => {
  await using metrics = openMetrics()
  metrics.counter(orders).add(1, { shop: 'a', way: 'web' })
  metrics.counter({ ...orders }).add(1, { shop: 'a', way: 'web' })
  expect(await seriesOf(metrics, 'shop_orders_total')).toEqual([
    { labels: { shop: 'a', way: 'web' }, value: 2 },
  ])
  expect(() => metrics.counter({ ...orders, help: 'Others.' })).toThrow(ConfigurationError)
  expect(() => metrics.observe(orders, () => [])).toThrow('metric shop_orders_total')
})

test.each<[string, Partial<MetricDefinition>, string]>([
  ['a counter without _total', { name: 'shop_orders' }, 'metric shop_orders.name'],
  ['a name with a capital', { name: 'Shop_total' }, 'metric Shop_total.name'],
  ['no help', { help: ' ' }, 'metric shop_orders_total.help'],
  ['a label of Prometheus', { labels: { le: 2 } }, 'metric shop_orders_total.labels.le'],
  ['a label without bound', { labels: { shop: 0 } }, 'metric shop_orders_total.labels.shop'],
  ['a label of no words', { labels: { shop: [] } }, 'metric shop_orders_total.labels.shop'],
])('%s is refused at its declaration', async (_, change, setting) => {
  await using metrics = openMetrics()
  expect(() => metrics.counter({ ...orders, ...change, kind: 'counter' })).toThrow(
    expect.objectContaining({ setting }),
  )
})

test('buckets that do not ascend are refused, and so is a bad time-out', async () => {
  await using metrics = openMetrics()
  for (const buckets of [[], [1, 1], [2, 1], [Number.NaN]])
    expect(() => metrics.histogram({ ...took, buckets })).toThrow('metric shop_took_seconds.buckets')
  expect(() => openMetrics({ readTimeoutMs: 0 })).toThrow(
    expect.objectContaining({ setting: 'readTimeoutMs' }),
  )
})

test('every metric of the catalogue can be declared', async () => {
  await using metrics = openMetrics()
  const all: readonly MetricDefinition[] = Object.values(millraceMetrics)
  for (const definition of all) {
    if (definition.kind === 'histogram') metrics.histogram(definition)
    else if (definition.kind === 'gauge') metrics.observe(definition, () => [])
    else metrics.counter(definition)
  }
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
  expect(all.every(({ name }) => name.startsWith('millrace_'))).toBe(true)
})
