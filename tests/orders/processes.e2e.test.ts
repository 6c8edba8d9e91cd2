import { openApp } from '@millrace/app'
import type { Delivery } from '@millrace/contracts'
import { defineOrders, Outside, Shop, until } from '@millrace/orders'
import { expect, test } from 'vitest'

import { OrdersProcess } from './support/orders-process.ts'
import { newSharedPlace } from './support/place.ts'

const listeners = 3
const each = 1_000
const lines = [{ article: 'Tea', pieces: 1, price: '2.50' }]

async function place(shop: Shop, from: number): Promise<void> {
  for (let first = from; first < from + each; first += 100)
    await shop.placeOrders(
      Array.from({ length: 100 }, (_, n) => ({
        shop: 'north',
        id: `o-${first + n}`,
        customer: 'eve',
        lines,
      })),
    )
}

/** Every delivery of the rule, by its id. */
async function deliveriesOf({
  processors,
}: Awaited<ReturnType<typeof openApp>>): Promise<Map<string, Delivery>> {
  const all = new Map<string, Delivery>()
  let cursor: string | undefined
  do {
    const page = await processors.listDeliveries({
      processor: 'staff-order',
      limit: 1000,
      ...(cursor === undefined ? {} : { cursor }),
    })
    for (const delivery of page.items) all.set(delivery.id, delivery)
    cursor = page.next
  } while (cursor !== undefined)
  return all
}

test(
  'the listener at work is killed: of twice a thousand orders none is lost, and none told of twice but what was under way',
  { timeout: 240_000 },
  async () => {
    await using where = await newSharedPlace()
    await using outside = await Outside.open()
    const env = { ...where.env, ...outside.env, MILLRACE_PROJECTION_LOCK_TTL: '3' }
    await using resources = new AsyncDisposableStack()
    const first = resources.use(await OrdersProcess.start(env))
    for (let n = 1; n < listeners; n++) resources.use(await OrdersProcess.start(env))
    const app = resources.use(await openApp(defineOrders(env), { env, mode: 'inspect' }))
    const shop = new Shop(app.database)
    await shop.saveCustomer({ shop: 'north', id: 'eve', name: 'Eve', email: 'eve@staff.example' })

    const owners = async (): Promise<Set<string | undefined>> => {
      const partitions = await app.processors.status()
      return new Set(partitions.map(({ owner }) => owner))
    }
    // The one that was there first has every partition; the others wait for its leases.
    const before = await owners()
    expect(before.size).toBe(1)
    await place(shop, 0)
    await until('some are told of', async () => outside.arrivals.length >= 200)
    await first.stop('SIGKILL')
    await place(shop, each)

    const delivered = async (): Promise<boolean> =>
      (await deliveriesOf(app)).size === 2 * each &&
      (await app.processors.status()).every(({ openDeliveries }) => openDeliveries === 0)
    await until('every order is told of', delivered, 120_000)
    const deliveries = await deliveriesOf(app)
    expect([...deliveries.values()].filter(({ state }) => state !== 'delivered')).toEqual([])
    const [keys, again] = [new Set<string>(), new Set<string>()]
    for (const { key } of outside.arrivals) (keys.has(key) ? again : keys).add(key)
    expect(keys).toEqual(new Set(deliveries.keys()))
    // Sent, and killed before that was recorded: tried again under the same key, and said so.
    for (const key of again)
      expect(deliveries.get(key)?.attempts.some(({ outcome }) => outcome === 'unknown')).toBe(true)
    expect(before.isDisjointFrom(await owners())).toBe(true)
  },
)
