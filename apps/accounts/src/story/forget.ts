import { createStreamId, decodeEvents } from '@millrace/contracts'

import { isBalanced, trialBalance } from '../books/trial-balance.ts'
import { customerCommand } from '../customers/customer-decider.ts'
import { Customer, customerCategory } from '../customers/customer-events.ts'
import { customerList } from '../customers/customer-list.ts'
import type { Scene } from './scene.ts'
import { accepted, told } from './told.ts'

const details = { name: 'Ada Byron', email: 'ada@example.org' }
const at = '2025-11-20T09:00:00.000Z'

/** What the list of customers says about one. */
async function listed({ projections }: Scene, customer: string): Promise<string> {
  return (await projections.documents(customerList).get(customer))?.name ?? 'nobody'
}

/** Whether the customer's name stands anywhere in what the log keeps of them. */
async function isReadable({ store }: Scene, customer: string): Promise<boolean> {
  for await (const { payload } of store.read(createStreamId(customerCategory, customer)))
    if (Buffer.from(payload).includes(details.name)) return true
  return false
}

/** What a customer's stream reads as. */
async function history({ store, decode }: Scene, customer: string): Promise<string> {
  const lines: string[] = []
  for await (const envelope of decodeEvents(store.read(createStreamId(customerCategory, customer)), decode)) {
    const { type, data } = Customer.$.parse(envelope)
    lines.push('details' in data ? `${type} ${data.details.name}` : type)
  }
  return lines.join(', ')
}

/** What is left of somebody whose key was destroyed, and what is not. */
export async function forget(scene: Scene): Promise<void> {
  const { customers, books, projections, privacy, store, id, say } = scene
  const customer = id('ada')
  const register = customerCommand({ type: 'register', customer, details, at })
  const { position } = accepted(await customers.handle(customer, register))
  if (position !== undefined) await projections.reached('customer_list', position)
  say(`registered; the list says: ${await listed(scene, customer)}`)
  say(`in the log: ${(await isReadable(scene, customer)) ? 'the name' : 'ciphertext only'}`)

  await privacy?.erase(customer, { by: 'clerk', reason: 'asked for by letter' })
  await projections.reached('customer_list', await store.log.head())
  say(`erased; the list says: ${await listed(scene, customer)}`)
  say(`the stream reads: ${await history(scene, customer)}`)
  await projections.rebuild('customer_list', { by: 'story' })
  await projections.rebuilt('customer_list', { timeoutMs: 60_000 })
  say(`built anew, the list says: ${await listed(scene, customer)}`)
  say(told('registered again', await customers.handle(customer, register)).replace(customer, 'ada'))
  const { state } = await books.load(id('shop'))
  const balanced = isBalanced(trialBalance(state)) ? 'balances' : 'does not balance'
  say(`the book has all of its ${state.entries} entries, and ${balanced}`)
}
