import { settled } from '../orders.ts'
import type { Scene } from './scene.ts'

/** A round of orders, and what its look-ups came to. */
export interface Round {
  readonly made: number
  /** Of them, those that read the table. */
  readonly reads: number
  /** Milliseconds one took, on average. */
  readonly msEach: number
}

function lookupsOf({ app }: ReturnType<Scene['orders']>): { readonly made: number; readonly ms: number } {
  const reports = app.observers?.list().flatMap(({ report }) => report ?? []) ?? []
  return {
    made: reports.reduce((sum, { lookups }) => sum + lookups.made, 0),
    ms: reports.reduce((sum, { lookups }) => sum + lookups.ms, 0),
  }
}

/** Places an order of each of these customers, and waits for everything that follows. */
export async function placeRound(
  scene: Pick<Scene, 'orders' | 'id'>,
  round: { readonly name: string; readonly customers: readonly string[]; readonly pieces: number },
): Promise<Round> {
  const { name, customers, pieces } = round
  const lines = [{ article: 'Copper kettle', pieces, price: '75.00' }]
  const orders = scene.orders()
  const [before, loads] = [lookupsOf(orders), orders.app.cache.stats().loads]
  await orders.shop.placeOrders(
    customers.map((customer, n) => ({ shop: 'north', id: scene.id(`${name}-${n}`), customer, lines })),
  )
  await settled(orders)
  const after = lookupsOf(orders)
  const made = after.made - before.made
  return { made, reads: orders.app.cache.stats().loads - loads, msEach: (after.ms - before.ms) / made }
}

/** Makes customers known to the shop, and to no cache. */
export async function addCustomers(
  scene: Pick<Scene, 'orders' | 'id'>,
  name: string,
  count: number,
): Promise<readonly string[]> {
  const { shop } = scene.orders()
  const ids = Array.from({ length: count }, (_, n) => scene.id(`${name}${n}`))
  for (const [n, id] of ids.entries())
    await shop.saveCustomer({ shop: 'north', id, name: `Customer ${n}`, email: `customer${n}@north.example` })
  await settled(scene.orders())
  return ids
}

/** Who ordered before is not read again, and a look-up takes a fraction of the time. */
export async function knownCustomers(scene: Scene): Promise<void> {
  const { outside, orders, id, say } = scene
  const known = await addCustomers(scene, 'known', 100)
  const cold = await placeRound(scene, { name: 'cold', customers: known, pieces: 1 })
  say(`100 orders of 100 customers: ${cold.reads} customers read`)
  const warm = await placeRound(scene, { name: 'warm', customers: known, pieces: 1 })
  const factor = cold.msEach / warm.msEach
  say(`100 more of the same: ${warm.reads} read`)
  say(
    `  a look-up took ${cold.msEach.toFixed(3)} ms, takes ${warm.msEach.toFixed(3)} ms: ${factor.toFixed(0)} times less`,
  )
  const mixed = [...known.slice(0, 80), ...(await addCustomers(scene, 'new', 20))]
  const mix = await placeRound(scene, { name: 'mixed', customers: mixed, pieces: 1 })
  say(`100 of which 80 are of the same: ${mix.reads} read`)
  say(`  a look-up takes ${mix.msEach.toFixed(3)} ms`)

  const [moved = ''] = known
  await orders().shop.saveCustomer({
    shop: 'north',
    id: moved,
    name: 'Customer 0',
    email: 'moved@north.example',
  })
  await settled(orders())
  const after = await placeRound(scene, { name: 'moved', customers: [moved], pieces: 2 })
  const to = outside.arrivals.flatMap((each) =>
    each.kind === 'e-mail' && each.text.includes(id('moved-0')) ? [each.to] : [],
  )
  say(`one moves, and orders: ${after.reads} read, the e-mail goes to ${to.join(', ')}`)
}
