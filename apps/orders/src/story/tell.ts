import type { Environment } from '@millrace/app'
import { openApp } from '@millrace/app'
import { createIdFactory } from '@millrace/contracts'

import { openOrders } from '../open-orders.ts'
import type { RunningOrders } from '../open-orders.ts'
import { defineOrders } from '../orders-app.ts'
import type { Outside } from '../outside/outside.ts'
import { Shop } from '../shop/shop.ts'
import { closedWarehouse } from './closed-warehouse.ts'
import { knownCustomers } from './known-customers.ts'
import { oddNames } from './odd-names.ts'
import { oneOrder } from './one-order.ts'
import type { Scene } from './scene.ts'
import { startAgain } from './start-again.ts'
import { twoShops } from './two-shops.ts'

const chapters: readonly (readonly [title: string, tell: (scene: Scene) => Promise<void>])[] = [
  ['One order over 100', oneOrder],
  ['Stopped and started', startAgain],
  ['A closed warehouse', closedWarehouse],
  ['Customers are looked up once', knownCustomers],
  ['A name that would be more', oddNames],
  ['Two shops', twoShops],
]

/** What the story is told with. */
export interface StoryOptions {
  /** Names where everything is kept, and {@link StoryOptions.outside}. */
  readonly env: Environment
  readonly outside: Outside
  readonly write: (text: string) => unknown
  /** Leaves out the rest once it is aborted. */
  readonly signal: AbortSignal
}

/** The app, which chapters stop and start. */
class Stage implements AsyncDisposable {
  readonly #env: Environment
  #orders: RunningOrders | undefined

  constructor(env: Environment) {
    this.#env = env
  }

  get orders(): RunningOrders {
    if (this.#orders === undefined) throw new Error('the app is stopped')
    return this.#orders
  }

  async start(): Promise<void> {
    this.#orders = await openOrders({ env: this.#env, port: 0 })
  }

  async restart(meanwhile: (shop: Shop) => Promise<void>): Promise<void> {
    await this[Symbol.asyncDispose]()
    {
      await using stopped = await openApp(defineOrders(this.#env), { env: this.#env, mode: 'inspect' })
      await meanwhile(new Shop(stopped.database))
    }
    await this.start()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const orders = this.#orders
    this.#orders = undefined
    await orders?.[Symbol.asyncDispose]()
  }
}

/** Where what the app works with is. */
function placeOf({ app: { settings, storage } }: RunningOrders): string {
  const cache = settings.redisUrl.value === undefined ? 'in the process' : 'Redis'
  const documents = settings.elasticsearchUrl.value === undefined ? storage.state.kind : 'Elasticsearch'
  return `tables: ${storage.state.kind}, events: ${storage.kind}, cache: ${cache}, documents: ${documents}`
}

/** Tells the story of two shops on the stores of an environment. */
export async function tellStory({ env, outside, write, signal }: StoryOptions): Promise<void> {
  const run = createIdFactory()().toLowerCase()
  await using stage = new Stage(env)
  await stage.start()
  const plain = (text: string): string => text.replaceAll(`-${run}`, '')
  const scene: Scene = {
    outside,
    orders: () => stage.orders,
    restart: async (meanwhile) => await stage.restart(meanwhile),
    id: (name) => `${name}-${run}`,
    plain,
    say: (line) => write(`  ${plain(line)}\n`),
  }
  write(`${placeOf(stage.orders)}\n`)
  for (const [index, [title, tell]] of chapters.entries()) {
    if (signal.aborted) return
    write(`\n${index + 1}. ${title}\n`)
    await tell(scene)
  }
  write('\nThe end.\n')
}
