import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { defineApp, openApp } from '@millrace/app'
import type { AppDefinition } from '@millrace/app'
import { createStreamId, defineEvents } from '@millrace/contracts'
import type { EventMetadata, NewEvent } from '@millrace/contracts'
import { defineObserver } from '@millrace/observers'
import type { ObserverDefinition } from '@millrace/observers'
import { HttpReceiver } from '@millrace/tools/receivers'
import { z } from 'zod'

import { preparedPlace } from './places.ts'
import type { Place } from './places.ts'
import { serveApp } from './served-shop.ts'
import type { ServedApp } from './served-shop.ts'

const Order = defineEvents({
  'order-placed': z.object({ total: z.number(), customer: z.string(), parts: z.array(z.number()) }),
  'order-paid': z.object({ total: z.number() }),
})

const retry = { maxAttempts: 2, initialMs: 10, maxMs: 20 }

/** An app with observers of every origin, whose webhooks go to a receiver that fails on demand. */
export interface Observed extends ServedApp {
  readonly place: Place
  readonly receiver: HttpReceiver
  /** Another one, of which the circuit opens soon. */
  readonly flaky: HttpReceiver
  readonly env: Readonly<Record<string, string>>
  /** Set to let the look-up of customers fail. */
  readonly lookingUp: { fails: boolean }
  /** A file of rules, which the app reads. */
  readonly ruleFile: string
  /** Records an order and gives the id of the event. */
  order(data?: Partial<OrderData>, metadata?: EventMetadata): Promise<string>
  /** Records that something was paid and gives the id of the event. */
  pay(): Promise<string>
  /** Closes the app and opens it again on the same store. */
  restart(): Promise<void>
}

interface OrderData {
  readonly total: number
  readonly customer: string
  readonly parts: number[]
}

function rulesOf(url: string, flaky: string): readonly ObserverDefinition[] {
  const hook = (name: string): object => ({
    action: 'webhook',
    name,
    url: `${url}/${name}`,
    retry,
    body: { customer: '{{ data.customer }}', key: '{{ secret.HOOK_KEY }}' },
  })
  return [
    defineObserver({
      name: 'big-orders',
      source: { events: Order },
      on: 'order-placed',
      when: 'data.total > 100.0',
      actions: [hook('sales'), hook('stock')] as ObserverDefinition['actions'],
    }),
    defineObserver({
      name: 'parts',
      source: { events: Order },
      on: 'order-placed',
      when: 'data.parts[0] > 1.0',
      actions: [{ action: 'log', name: 'note', message: 'first part {{ data.parts[0] }}' }],
    }),
    defineObserver({
      name: 'acme',
      source: { events: Order },
      tenant: 'acme',
      actions: [{ action: 'log', name: 'note', message: 'of acme' }],
    }),
    defineObserver({
      name: 'known-customers',
      source: { events: Order },
      on: 'order-placed',
      lookups: { customer: { from: 'customers', key: '{{ data.customer }}', ttlMs: 0 } },
      when: "lookup.customer.vip == 'yes'",
      actions: [{ action: 'log', name: 'note', message: '{{ lookup.customer.vip }}' }],
    }),
    defineObserver({
      name: 'payments',
      source: { events: Order },
      on: 'order-paid',
      actions: [{ action: 'webhook', name: 'book', url: `${flaky}/book`, retry }],
    }),
    defineObserver({
      name: 'renamed-articles',
      source: 'articles',
      on: 'update',
      when: "changed('name')",
      actions: [{ action: 'log', name: 'note', message: '{{ old.name }} is {{ new.name }}' }],
    }),
  ]
}

/** The definition, for a receiver at an address. */
function defineObserved({
  receiver,
  flaky,
  ruleFile,
  lookingUp,
}: Pick<Observed, 'receiver' | 'flaky' | 'ruleFile' | 'lookingUp'>): AppDefinition {
  return defineApp({
    name: 'observed',
    accessLog: true,
    masked: ['customer'],
    readModels: [
      { name: 'articles', script: 'create table if not exists articles (id int primary key, name text)' },
    ],
    captures: [{ table: 'articles' }],
    observers: {
      rules: rulesOf(receiver.url, flaky.url),
      files: [ruleFile],
      stored: true,
      allowHosts: ['127.0.0.1'],
      sources: { articles: { table: 'articles' }, orders: { events: Order } },
      lookups: {
        customers: {
          load: async (key) => {
            if (lookingUp.fails) throw new Error('the customers are away')
            return { vip: key === 'ada' ? 'yes' : 'no' }
          },
        },
      },
      destinations: { [flaky.host]: { circuit: { minCalls: 2, openMs: 60_000 } } },
      log: () => undefined,
    },
  })
}

const fileRules = `observers:
  - name: paid
    source: orders
    on: order-paid
    actions:
      - action: log
        name: note
        message: '{{ data.total }}'
`

/** Opens, serves and announces the app. */
export async function serveObserved(variables: Readonly<Record<string, string>> = {}): Promise<Observed> {
  await using stack = new AsyncDisposableStack()
  const place = stack.use(await preparedPlace())
  const folder = await mkdtemp(join(tmpdir(), 'millrace-rules-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const ruleFile = join(folder, 'rules.yaml')
  await writeFile(ruleFile, fileRules)
  const receiver = stack.use(await HttpReceiver.open())
  const lookingUp = { fails: false }
  const flaky = stack.use(await HttpReceiver.open())
  const definition = defineObserved({ receiver, flaky, ruleFile, lookingUp })
  const env = { ...place.env, HOOK_KEY: 'hunter22-hook-key', ...variables }
  const open = async (): Promise<ServedApp> => {
    const app = await openApp(definition, { env })
    const served = await serveApp(app, app.token === undefined ? {} : { token: app.token })
    app.announce(served.running.url)
    return served
  }
  let served = await open()
  const close = async (): Promise<void> => {
    await served[Symbol.asyncDispose]()
    await served.app[Symbol.asyncDispose]()
  }
  stack.defer(async () => await close())
  let orders = 0
  const record = async (event: NewEvent, metadata: EventMetadata = {}): Promise<string> => {
    orders += 1
    const id = createStreamId('order', String(orders))
    await served.app.store.append(id, [event], { expectedVersion: 'any', metadata })
    for await (const stored of served.app.store.read(id)) return stored.id
    throw new Error('an order that was recorded is there')
  }
  const owned = stack.move()
  return {
    get app() {
      return served.app
    },
    get management() {
      return served.management
    },
    get server() {
      return served.server
    },
    get running() {
      return served.running
    },
    get failures() {
      return served.failures
    },
    place,
    receiver,
    flaky,
    env,
    lookingUp,
    ruleFile,
    order: async (data = {}, metadata) =>
      await record(Order['order-placed']({ total: 120, customer: 'ada', parts: [2], ...data }), metadata),
    pay: async () => await record(Order['order-paid']({ total: 5 })),
    restart: async () => {
      await close()
      served = await open()
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
