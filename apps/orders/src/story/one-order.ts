import { settled } from '../orders.ts'
import { heardOf } from './scene.ts'
import type { Scene } from './scene.ts'

const price = '75.00'

/** Who orders in the story, and what for. */
export async function placeFor(scene: Scene, name: string, pieces: number): Promise<string> {
  const order = scene.id(name)
  const lines = [{ article: 'Copper kettle', pieces, price }]
  const { shop } = scene.orders()
  await shop.placeOrders([
    { shop: 'north', id: order, customer: scene.id('ada'), note: `gift ${order}`, lines },
  ])
  return order
}

/** An order over 100 is heard of by all four, once, and one below it by nobody. */
export async function oneOrder(scene: Scene): Promise<void> {
  const { outside, orders, id, plain, say } = scene
  await orders().shop.saveCustomer({
    shop: 'north',
    id: id('ada'),
    name: 'Ada Byron',
    email: 'ada@north.example',
  })

  const order = await placeFor(scene, '1001', 2)
  await settled(orders())
  say(`Ada Byron orders two kettles, 150.00: ${await heardOf(scene, order)}`)
  const about = outside.arrivals.filter(({ text }) => text.includes(order))
  for (const arrival of about.toSorted((a, b) => (a.kind < b.kind ? -1 : 1))) {
    const { kind, text } = arrival
    if (kind === 'e-mail')
      say(`  e-mail to ${arrival.to}: ${plain(/^Subject: (.*)$/m.exec(text)?.[1] ?? '')}`)
    else if (kind === 'message') say(`  message: ${plain(text)}`)
    else say(`  webhook, signed: ${plain(JSON.stringify((JSON.parse(text) as { data: unknown }).data))}`)
  }
  const { hits } = await orders().index.search({
    text: { query: 'gift' },
    where: { field: 'order', is: order },
  })
  for (const { body } of hits) say(`  document: ${body.name}, ${body.status}`)

  const small = await placeFor(scene, '1002', 1)
  await settled(orders())
  say(`she orders one, 75.00: ${await heardOf(scene, small)}`)
}
