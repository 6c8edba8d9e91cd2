import { defineApp, defineAppIndex, openApp } from '@millrace/app'
import type { App, AppObserverOptions } from '@millrace/app'
import { createIdFactory, parseStreamId } from '@millrace/contracts'
import { defineObserver } from '@millrace/observers'
import { openPg } from '@millrace/postgres'
import { ActionError, createProcessorRuntime, defineAction, defineProcessor } from '@millrace/processing'
import type { Processor, ProcessorRuntime } from '@millrace/processing'
import type { OpenMetrics } from '@millrace/telemetry'
import { HttpReceiver } from '@millrace/tools/receivers'
import { startRedis } from '@millrace/tools/services'
import type { RedisServer } from '@millrace/tools/services'
import { inject } from 'vitest'

const mint = createIdFactory()

/** Event types, each with what it makes happen. */
type ShopEvent = 'noted' | 'poison' | 'sent' | 'flaky' | 'refused' | 'held' | 'webhook'

/** An app on real servers in which everything that is counted can be made to happen. */
export interface Shop extends AsyncDisposable {
  readonly app: App
  readonly metrics: OpenMetrics
  readonly redis: RedisServer
  readonly receiver: HttpReceiver
  readonly append: (type: ShopEvent) => Promise<void>
  /** Another runtime on the same log and ledger. */
  readonly runtime: (processor: Processor) => ProcessorRuntime
}

/** Resolves when it is let go. */
const held = Promise.withResolvers<void>()

const send = defineAction({
  name: 'send',
  kind: 'mail',
  retry: { maxAttempts: 2, initialMs: 1 },
  execute: async ({ envelope, attempt }) => {
    if (envelope.type === 'refused') throw new ActionError('refused', { kind: 'permanent' })
    if (envelope.type === 'flaky' && attempt === 1) throw new ActionError('busy', { kind: 'transient' })
    if (envelope.type === 'held') await held.promise
  },
})

const orders = defineProcessor({
  name: 'orders',
  startFrom: 'beginning',
  actions: [send],
  retry: { maxAttempts: 1 },
  handle: (batch, context) => {
    for (const envelope of batch) {
      if (envelope.type === 'poison') throw new Error('cannot be handled')
      if (envelope.type !== 'noted' && envelope.type !== 'webhook') context.deliver('send', envelope)
    }
  },
})

const counts = defineProcessor({ name: 'counts', startFrom: 'beginning', handle: () => undefined })

const index = defineAppIndex({
  definition: { name: 'orders', version: 1, fields: { type: { kind: 'keyword' } } },
  toWrites: ({ id, type }) => [{ kind: 'index', id, body: { type } }],
})

async function newDatabase(): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const server = inject('servers').postgres
  const name = `telemetry_${mint().toLowerCase()}`
  const url = new URL(server)
  url.pathname = `/${name}`
  const administer = async (statement: string): Promise<void> => {
    await using database = await openPg({ url: server, poolSize: 1 })
    await database.script(statement)
  }
  await administer(`create database ${name}`)
  return { url: url.href, drop: async () => await administer(`drop database if exists ${name} with (force)`) }
}

function rulesFor(receiver: HttpReceiver): AppObserverOptions {
  const retry = { shape: 'fixed', initialMs: 1, jitter: 'none', maxAttempts: 2 } as const
  return {
    allowHosts: ['127.0.0.1'],
    destinations: { [receiver.host]: { circuit: { minCalls: 2, openMs: 500 } } },
    rules: [
      defineObserver({
        name: 'hook',
        when: "event.type == 'webhook'",
        actions: [{ action: 'webhook', name: 'call', url: `${receiver.url}/hook`, retry }],
      }),
      defineObserver({
        name: 'broken-rule',
        when: "event.type == 'webhook' && data.lines[3] > 1",
        actions: [{ action: 'log', name: 'say', message: 'never' }],
      }),
      defineObserver({
        name: 'row-hook',
        source: { table: 'tickets' },
        actions: [{ action: 'log', name: 'say', message: 'a ticket' }],
      }),
    ],
    log: () => undefined,
  }
}

/** Opens the app on Postgres and Redis, with rules that call a receiver. */
export async function openShop(): Promise<Shop> {
  await using opening = new AsyncDisposableStack()
  const database = await newDatabase()
  opening.defer(async () => await database.drop())
  const redis = opening.use(await startRedis())
  const receiver = opening.use(await HttpReceiver.open())
  const env = { DATABASE_URL: database.url, MILLRACE_REDIS_URL: redis.url, MILLRACE_CACHE_BYTES: '4096' }
  const definition = defineApp({
    name: 'shop',
    processors: [orders, counts],
    searchIndexes: [index],
    readModels: [{ name: 'tickets', script: 'create table if not exists tickets (id int primary key)' }],
    captures: [{ table: 'tickets' }],
    observers: rulesFor(receiver),
  })
  const app = opening.use(await openApp(definition, { env }))
  const { metrics } = app
  if (metrics === undefined) throw new Error('an app that runs has metrics')
  // Last in, first out: what is held up ends before its runtime.
  opening.defer(() => held.resolve())
  const owned = opening.move()
  return {
    app,
    metrics,
    redis,
    receiver,
    append: async (type) => {
      const event = { type, data: { lines: [1] } }
      await app.store.append(parseStreamId(`cart-${mint()}`), [event], { expectedVersion: 'no-stream' })
    },
    runtime: (processor) =>
      createProcessorRuntime({
        log: app.store.log,
        store: app.processors,
        decode: app.decoders.strict,
        processors: [processor],
        metrics,
        stopGraceMs: 0,
        pollMs: 20,
      }),
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}
