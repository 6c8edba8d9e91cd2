import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { openApp } from '@millrace/app'
import type { App, StatusView } from '@millrace/app'
import { openPg } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import { createServer, serve } from '@millrace/server'
import { millrace } from '@millrace/tools/cli'
import { HttpReceiver } from '@millrace/tools/receivers'

import { OrderFlow } from './order-flow.ts'
import { actions, shopApp } from './shop-app.ts'
import type { ShopAction } from './shop-app.ts'

/** Where the app's servers are, and how the scene is set. */
export interface ShopSceneOptions {
  readonly postgres: string
  readonly redis: string
  readonly elasticsearch: string
  readonly ordersPerSecond: number
  /** See {@link ShopSurroundings}. */
  readonly timeoutMs: number
  readonly openMs: number
}

/** Orders written, and deliveries by action, at one moment. */
export interface Counts {
  readonly orders: number
  readonly delivered: Readonly<Record<ShopAction, number>>
}

interface Parts {
  readonly app: App
  readonly url: string
  readonly database: SqlDatabase
  readonly flow: OrderFlow
  readonly steady: HttpReceiver
  readonly fragile: HttpReceiver
  readonly mailed: ReadonlySet<number>
  readonly stack: AsyncDisposableStack
}

const settleMs = 120_000
const [atOnceMs, lookMs, fewOrders] = [500, 100, 20]

/** An app with all its servers, served, under load. */
export class ShopScene implements AsyncDisposable {
  readonly fragile: HttpReceiver
  readonly #parts: Parts

  private constructor(parts: Parts) {
    this.#parts = parts
    this.fragile = parts.fragile
  }

  static async open(options: ShopSceneOptions): Promise<ShopScene> {
    await using stack = new AsyncDisposableStack()
    const dataDir = await mkdtemp(join(tmpdir(), 'millrace-outages-'))
    stack.defer(async () => await rm(dataDir, { recursive: true, force: true }))
    const steady = stack.use(await HttpReceiver.open())
    const fragile = stack.use(await HttpReceiver.open())
    const mailed = new Set<number>()
    const { timeoutMs, openMs } = options
    const definition = shopApp({
      steady: steady.url,
      fragile: fragile.url,
      onMail: (order) => void mailed.add(order),
      timeoutMs,
      openMs,
    })
    const env = {
      MILLRACE_DATA: dataDir,
      DATABASE_URL: options.postgres,
      MILLRACE_REDIS_URL: options.redis,
      MILLRACE_ELASTICSEARCH_URL: options.elasticsearch,
    }
    const app = stack.use(await openApp(definition, { env }))
    const served = stack.use(await serve(createServer(app), { port: 0 }))
    const database = stack.use(await openPg({ url: options.postgres, poolSize: 4 }))
    const flow = stack.use(new OrderFlow(database, 1_000 / options.ordersPerSecond))
    return new ShopScene({
      app,
      url: served.url,
      database,
      flow,
      steady,
      fragile,
      mailed,
      stack: stack.move(),
    })
  }

  /** `millrace status --json`, as an operator sees it. */
  async status(): Promise<StatusView> {
    const { stdout, stderr } = await millrace(['status', '--json', '--url', this.#parts.url])
    if (stdout === '') throw new Error(`millrace status: ${stderr}`)
    return JSON.parse(stdout) as StatusView
  }

  /** Orders whose writing failed. */
  get refused(): number {
    return this.#parts.flow.refused
  }

  /** By the table and the ledger. */
  async counts(): Promise<Counts> {
    const { database } = this.#parts
    const rows = await database.query<{ action: string; n: number }>(
      "select action, count(*) as n from millrace.delivery_history where state = 'delivered' group by action",
    )
    const [orders] = await database.query<{ n: number }>('select count(*) as n from orders')
    const of = (action: ShopAction): number => rows.find((row) => row.action === action)?.n ?? 0
    const delivered = Object.fromEntries(actions.map((action) => [action, of(action)]))
    return { orders: orders?.n ?? 0, delivered: delivered as Counts['delivered'] }
  }

  /** Resolves when everything written until now is delivered; milliseconds. @throws when it is not in two minutes */
  async caughtUp(): Promise<number> {
    const from = performance.now()
    const { database } = this.#parts
    const orders = 'select count(*) as n from orders'
    const [written] = await database.query<{ n: number }>(orders)
    const open = `select count(*) as n from (select id from orders order by id limit $1) written
      left join (select key, count(distinct action) as actions from millrace.delivery_history where state = 'delivered'
        group by key) ended on ended.key = 'orders-' || written.id
      where coalesce(ended.actions, 0) < $2`
    for (;;) {
      const [row] = await database.query<{ n: number }>(open, [written?.n ?? 0, actions.length])
      const tookMs = performance.now() - from
      if (row?.n === 0) return tookMs
      if (tookMs > settleMs) throw new Error(`${row?.n} orders were not delivered after ${settleMs} ms`)
      await sleep(lookMs)
    }
  }

  /** Resolves when nothing is piled up: what is written is delivered at once. */
  async steadied(): Promise<void> {
    // The first ones wait for an index to be made.
    while ((await this.counts()).orders < fewOrders) await sleep(lookMs)
    while ((await this.caughtUp()) > atOnceMs);
  }

  /** Ends the load and waits for the last delivery; what is lost, doubled or set aside. */
  async finish(): Promise<readonly string[]> {
    const { flow, database, steady, fragile, mailed } = this.#parts
    await flow.stop()
    await this.caughtUp()
    const rows = await database.query<{ id: number }>('select id from orders order by id')
    const ids = rows.map(({ id }) => id)
    const told = (receiver: HttpReceiver): ReadonlySet<number> =>
      new Set(receiver.requests.map(({ body }) => Number((JSON.parse(body) as { id: unknown }).id)))
    const reached: Readonly<Record<string, ReadonlySet<number>>> = {
      'steady receiver': told(steady),
      'fragile receiver': told(fragile),
      jobs: mailed,
      'search index': await this.#indexed(),
    }
    const lost = Object.entries(reached).flatMap(([where, found]) => {
      const missing = ids.filter((id) => !found.has(id))
      return missing.length === 0
        ? []
        : [`${where}: ${missing.length} orders are missing, ${missing[0]} first`]
    })
    return [...lost, ...(await this.#ledgerProblems(ids.length))]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.stack.disposeAsync()
  }

  async #indexed(): Promise<ReadonlySet<number>> {
    const index = this.#parts.app.searchIndexes.index('orders')
    await index.refresh()
    const found = new Set<number>()
    let cursor: string | undefined
    do {
      const page = await index.search({ limit: 1_000, ...(cursor === undefined ? {} : { cursor }) })
      for (const { id } of page.hits) found.add(Number(id.replace('order-', '')))
      cursor = page.next
    } while (cursor !== undefined)
    return found
  }

  async #ledgerProblems(orders: number): Promise<readonly string[]> {
    const [counts] = await this.#parts.database.query<Record<string, number>>(
      `select (select count(*) from millrace.delivery_history where state = 'delivered') as delivered,
         (select count(distinct id) from millrace.delivery_history) as distinct_ids,
         (select count(*) from millrace.delivery_history where state <> 'delivered') as undelivered,
         (select count(*) from millrace.deliveries) as open,
         (select count(*) from millrace.dead_letters) as dead_letters,
         (select count(*) from millrace.parked_records) as parked_records`,
    )
    const wanted = orders * actions.length
    const expected: Readonly<Record<string, number>> = {
      delivered: wanted,
      distinct_ids: wanted,
      undelivered: 0,
      open: 0,
      dead_letters: 0,
      parked_records: 0,
    }
    return Object.entries(expected).flatMap(([what, n]) =>
      counts?.[what] === n ? [] : [`ledger: ${what} is ${counts?.[what]}, not ${n}`],
    )
  }
}
