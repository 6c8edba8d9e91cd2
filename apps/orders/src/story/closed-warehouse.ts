import { settled } from '../orders.ts'
import { listDeadLetters, millrace } from './millrace.ts'
import { placeFor } from './one-order.ts'
import { heardOf } from './scene.ts'
import type { Scene } from './scene.ts'

const rule = 'large-order'

/** A webhook nobody takes is set aside; who retries it sends it, and nothing else, once. */
export async function closedWarehouse(scene: Scene): Promise<void> {
  const { outside, orders, say } = scene
  const { url } = orders()
  outside.close(true)
  const order = await placeFor(scene, '1004', 4)
  await settled(orders())
  say(`the warehouse is closed: ${await heardOf(scene, order)}`)
  const letters = await listDeadLetters(url, rule)
  say(`$ millrace dlq list --processor ${rule}`)
  for (const { processor, action, tries, reason } of letters)
    say(`  ${processor}, ${action}, ${tries} tries: ${reason}`)

  outside.close(false)
  say('it is open again')
  for (const { id } of letters) {
    const { code, stdout } = await millrace(url, ['dlq', 'retry', id])
    say('$ millrace dlq retry ID')
    say(`  ${stdout.replace(id, '').trim()}, exit code ${code}`)
  }
  await settled(orders())
  const left = (await listDeadLetters(url, rule)).length
  say(`now there are ${await heardOf(scene, order)}, and ${left} dead letters`)
}
