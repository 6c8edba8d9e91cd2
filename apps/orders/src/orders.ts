import type { App } from '@millrace/app'
import type { SearchIndex } from '@millrace/contracts'

import type { ordersSecrets } from './orders-app.ts'
import { orderIndex } from './shop/order-index.ts'
import { Shop } from './shop/shop.ts'

/** What an open app is used with. */
export interface Orders {
  readonly app: App<typeof ordersSecrets>
  readonly shop: Shop
  readonly index: SearchIndex<(typeof orderIndex)['fields']>
}

/** Binds the shop and its index to an open app. */
export async function ordersOf(app: App<typeof ordersSecrets>): Promise<Orders> {
  return { app, shop: new Shop(app.database), index: await app.search.open(orderIndex) }
}

/** Asks until the answer is true. @throws an Error with `what` where it is not within the time */
export async function until(what: string, ask: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await ask())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Resolves when every rule has seen every change so far, and each delivery of it has ended. */
export async function settled({ app }: Pick<Orders, 'app'>, timeoutMs = 60_000): Promise<void> {
  const { changes, changeRuntime, observers, processors } = app
  const head = await changes.head()
  const rules = observers?.list().filter(({ log }) => log === 'changes') ?? []
  for (const { name } of rules)
    if ((await changeRuntime?.reached(name, head, { timeoutMs })) !== true)
      throw new Error(`${name} has not seen all changes within ${timeoutMs} ms`)
  const isDone = async (): Promise<boolean> =>
    (await processors.status()).every(({ openDeliveries }) => openDeliveries === 0)
  await until('every delivery has ended', isDone, timeoutMs)
}
