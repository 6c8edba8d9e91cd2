import { defineApp, openApp } from '@millrace/app'
import type { CloudEvent, Publisher } from '@millrace/contracts'
import { defineRelay } from '@millrace/publishing'
import { expect, test } from 'vitest'

import { eventually, preparedPlace } from '../support/places.ts'
import { cart, event } from '../support/shop.ts'

const any = { expectedVersion: 'any' } as const

function publishingShop() {
  const published: CloudEvent[] = []
  const publisher: Publisher = { name: 'list', publish: async (events) => void published.push(...events) }
  const relay = defineRelay({ name: 'others', publisher, source: 'urn:example:shop' })
  return { published, relay, definition: defineApp({ name: 'shop', processors: [relay] }) }
}

test('an append of an app waits until its events are published', async () => {
  await using place = await preparedPlace()
  const { published, relay, definition } = publishingShop()
  await using app = await openApp(definition, { env: place.env })
  const receipt = await app.publishing(relay).append(cart('1'), [event('ordered', 1)], any)
  expect(receipt).toMatchObject({ version: 1, published: true })
  expect(published.map(({ type, subject }) => [type, subject])).toEqual([['ordered', 'cart-1']])
})

test('it does not wait where the setting says so, and its events are published', async () => {
  await using place = await preparedPlace()
  const { published, relay, definition } = publishingShop()
  const env = { ...place.env, MILLRACE_PUBLISHER_MODE: 'async' }
  await using app = await openApp(definition, { env })
  const receipt = await app.publishing(relay).append(cart('1'), [event('ordered', 1)], any)
  expect(receipt).toMatchObject({ version: 1, published: false })
  await eventually(
    () => published,
    ({ length }) => length === 1,
  )
})

test('an app that only looks publishes nothing', async () => {
  await using place = await preparedPlace()
  const { relay, definition } = publishingShop()
  await using app = await openApp(definition, { env: place.env, mode: 'inspect' })
  expect(() => app.publishing(relay)).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION', setting: 'relay others' }) as Error,
  )
})
