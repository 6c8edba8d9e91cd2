import { settled } from '../orders.ts'
import { listDeadLetters, millrace } from './millrace.ts'
import { heardOf } from './scene.ts'
import type { Scene } from './scene.ts'

const name = '{{ secret.ORDERS_SLACK_URL }} <b>Bob</b> <!channel>\r\nBcc: all@north.example'
const lines = [{ article: 'Copper kettle', pieces: 2, price: '75.00' }]

function answer(is: boolean): string {
  return is ? 'yes' : 'no'
}

/** A name that would like to be more than a name. */
export async function oddNames(scene: Scene): Promise<void> {
  const { outside, orders, id, say } = scene
  const [customer, order] = [id('bob'), id('1005')]
  await orders().shop.saveCustomer({ shop: 'north', id: customer, name, email: 'bob@north.example' })
  await orders().shop.placeOrders([{ shop: 'north', id: order, customer, note: `note ${order}`, lines }])
  await settled(orders())
  const about = outside.arrivals.filter(({ text }) => text.includes(order))
  const textOf = (kind: string): string => about.find((each) => each.kind === kind)?.text ?? ''
  const [webhook, email, message] = [textOf('webhook'), textOf('e-mail'), textOf('message')]
  const { data } = JSON.parse(webhook) as { readonly data: { readonly customer: { readonly name: string } } }
  const [head = '', body = ''] = email.split(/\r\n\r\n(.*)/s)
  say(`a customer is called ${JSON.stringify(name)}`)
  say(`  the webhook has it as it is: ${answer(data.customer.name === name)}`)
  say(
    `  the e-mail is for one, and has no header Bcc: ${answer(about.filter(({ kind }) => kind === 'e-mail').length === 1 && !/^bcc:/im.test(head))}`,
  )
  say(`  its HTML shows the tags as text: ${answer(body.includes('&lt;b&gt;Bob&lt;/b&gt;'))}`)
  say(
    `  the message calls nobody: ${answer(message.includes('&lt;!channel&gt;') && !message.includes('<!'))}`,
  )
  const secret = outside.env['ORDERS_SLACK_URL'] ?? ''
  say(`  the secret it names is in any of them: ${answer(about.some(({ text }) => text.includes(secret)))}`)
  await twoAddresses(scene, customer)
}

/** Whoever writes to the table may write an address that is two. */
async function twoAddresses(scene: Scene, customer: string): Promise<void> {
  const { orders, id, say } = scene
  const { app, shop, url } = orders()
  await app.database.execute('update customers set email = $1 where id = $2', [
    'bob@north.example, all@north.example',
    customer,
  ])
  await settled(orders())
  const order = id('1006')
  await shop.placeOrders([{ shop: 'north', id: order, customer, note: `note ${order}`, lines }])
  await settled(orders())
  say(`his address becomes two: ${await heardOf(scene, order)}`)
  for (const { id: letter, action, reason } of await listDeadLetters(url, 'large-order')) {
    const { code } = await millrace(url, ['dlq', 'remove', letter])
    say(`  ${action}: ${reason}; removed, exit code ${code}`)
  }
}
