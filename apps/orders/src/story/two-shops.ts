import { settled } from '../orders.ts'
import type { Scene } from './scene.ts'

const kettles = [{ article: 'Copper kettle', pieces: 2, price: '75.00' }]
const teaspoons = [{ article: 'teaspoons', pieces: 600, price: '0.10' }]

/** One key, two customers; one rule that is of one shop only. */
export async function twoShops(scene: Scene): Promise<void> {
  const { outside, orders, id, plain, say } = scene
  const { shop } = orders()
  const customer = id('ada')
  await shop.saveCustomer({ shop: 'south', id: customer, name: 'Ada Lopez', email: 'ada@south.example' })
  for (const [name, order] of [
    ['north', id('1007')],
    ['south', id('1008')],
  ] as const) {
    await shop.placeOrders([{ shop: name, id: order, customer, lines: kettles }])
    await settled(orders())
    for (const each of outside.arrivals)
      if (each.kind === 'e-mail' && each.text.includes(order))
        say(`ada of the ${name} orders: e-mail to ${each.to}`)
  }
  for (const [name, order] of [
    ['north', id('1009')],
    ['south', id('1010')],
  ] as const) {
    await shop.placeOrders([{ shop: name, id: order, customer, lines: teaspoons }])
    await settled(orders())
    const messages = outside.arrivals.filter(({ kind, text }) => kind === 'message' && text.includes(order))
    say(
      `600 teaspoons in the ${name}: ${messages.map(({ text }) => plain(text)).join('; ') || 'nobody is told'}`,
    )
  }
}
