import type { RunningOrders } from '../open-orders.ts'
import type { Arrivals, Outside } from '../outside/outside.ts'

/** What the chapters of the story share. */
export interface Scene {
  readonly outside: Outside
  /** The app as it runs now: another one after each {@link Scene.restart}. */
  readonly orders: () => RunningOrders
  /** Stops the app and starts it again. `meanwhile` gets the database of the stopped one. */
  readonly restart: (meanwhile: (shop: RunningOrders['shop']) => Promise<void>) => Promise<void>
  /** Makes a name unique to this run, so that a place may hear the story twice. */
  readonly id: (name: string) => string
  /** The text with the names of this run as they were. */
  readonly plain: (text: string) => string
  readonly say: (line: string) => void
}

function counted(n: number, one: string): string {
  return `${n} ${one}${n === 1 ? '' : 's'}`
}

/** What arrived, in words. */
export function inWords({ webhooks, emails, messages }: Arrivals): string {
  return [counted(webhooks, 'webhook'), counted(emails, 'e-mail'), counted(messages, 'message')].join(', ')
}

/** What arrived about an order, and what the index has of it. */
export async function heardOf({ outside, orders }: Scene, order: string): Promise<string> {
  const { index } = orders()
  await index.refresh()
  const documents = await index.count({ where: { field: 'order', is: order } })
  return `${inWords(outside.about(order))}, ${counted(documents, 'document')}`
}
