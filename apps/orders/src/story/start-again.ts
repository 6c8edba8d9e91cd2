import { settled } from '../orders.ts'
import { heardOf, inWords } from './scene.ts'
import type { Scene } from './scene.ts'

/** What was sent is not sent again, what came meanwhile is not lost. */
export async function startAgain(scene: Scene): Promise<void> {
  const { outside, orders, restart, id, plain, say } = scene
  const [first, meanwhile] = [id('1001'), id('1003')]
  await restart(async (shop) => {
    const lines = [{ article: 'Copper kettle', pieces: 3, price: '75.00' }]
    await shop.placeOrders([{ shop: 'north', id: meanwhile, customer: id('ada'), lines }])
  })
  await settled(orders())
  say(`stopped and started; of the first order there are still ${await heardOf(scene, first)}`)
  say(`of one placed meanwhile: ${await heardOf(scene, meanwhile)}`)

  const before = outside.arrivals.length
  await orders().shop.ship(first)
  await settled(orders())
  const news = outside.arrivals.slice(before)
  const count = (kind: string): number => news.filter((each) => each.kind === kind).length
  say(
    `the first is shipped: ${inWords({ webhooks: count('webhook'), emails: count('e-mail'), messages: count('message') })}`,
  )
  for (const { text } of news) say(`  ${plain(/^Subject: (.*)$/m.exec(text)?.[1] ?? '')}`)
  await orders().index.refresh()
  const { hits } = await orders().index.search({ where: { field: 'order', is: first } })
  for (const { body } of hits) say(`  its document: ${body.status}`)
}
