import { millraceMetrics } from '@millrace/contracts'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { causes } from './support/causes.ts'
import { eventually } from './support/eventually.ts'
import { metricValue } from './support/metric-value.ts'
import { openShop } from './support/shop.ts'
import type { Shop } from './support/shop.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(async () => {
  await shop[Symbol.asyncDispose]()
})

test.each(Object.entries(causes))('trap 16: %s grows when its cause happens', async (metric, cause) => {
  const { name } = millraceMetrics[metric as keyof typeof millraceMetrics]
  const value = async (): Promise<number> => await metricValue(shop.metrics, name, cause.labels)
  const before = await value()
  await cause.happen(shop)
  await eventually(value).toBeGreaterThan(before)
})

test('what reads the changes of rows is counted like what reads events', async () => {
  const { eventsProcessed, observerMatches, lagEvents } = millraceMetrics
  await shop.app.database.script('insert into tickets values (1), (2)')
  for (const [{ name }, label] of [
    [eventsProcessed, 'processor'],
    [observerMatches, 'observer'],
  ] as const)
    await eventually(async () => await metricValue(shop.metrics, name, { [label]: 'row-hook' })).toBe(2)
  const lag = (await shop.metrics.read()).find(({ name }) => name === lagEvents.name)
  expect(lag?.series.map(({ labels }) => labels['processor'])).toContain('row-hook')
})

test('trap 16: every metric of the catalogue has a cause above, and is shown', async () => {
  expect(Object.keys(causes).toSorted()).toEqual(Object.keys(millraceMetrics).toSorted())
  const shown = (await shop.metrics.read()).map(({ name }) => name)
  // The queues cannot be read any more: Redis is gone.
  const expected = Object.values(millraceMetrics).filter(
    ({ name }) => name !== millraceMetrics.queueDepth.name,
  )
  expect(shown).toEqual(expect.arrayContaining(expected.map(({ name }) => name)))
})
