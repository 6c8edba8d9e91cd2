import { openApp } from '@millrace/app'
import type { App } from '@millrace/app'
import { createManagement } from '@millrace/app'
import { createStreamId } from '@millrace/contracts'
import type { ObserverDefinition } from '@millrace/observers'
import { connect } from '@nats-io/transport-node'
import { describe, expect, inject, test } from 'vitest'

import { createShop, Customers, ordersIndex } from '../support/order-shop.ts'
import { eventually, newPlace, preparedPlace } from '../support/places.ts'

const patience = { timeout: 60_000 }

const insert = async (app: App, id: string, more: Readonly<Record<string, string>> = {}): Promise<void> => {
  const row = { customer: 'ada', total: '12.50', card: '4111', tenant: null, ...more }
  await app.database.execute(
    'insert into orders (id, customer, total, card, tenant) values ($1, $2, $3::numeric, $4, $5)',
    [id, row.customer, row.total, row.card, row.tenant],
  )
}

const everything: ObserverDefinition = {
  name: 'everything',
  source: { table: 'orders' },
  on: 'insert',
  tenant: '*',
  actions: [
    { action: 'note', name: 'note', text: '{{ new.id }} {{ new.card }}' },
    { action: 'job', name: 'job', job: 'bill', data: { order: '{{ new.id }}' } },
    { action: 'cache', name: 'cache', key: 'order:{{ new.id }}', value: '{{ new.total | toNumber }}' },
    {
      action: 'search',
      name: 'search',
      index: 'orders',
      id: '{{ new.id }}',
      body: { customer: '{{ new.customer }}', total: '{{ new.total | toNumber }}' },
    },
    {
      action: 'command',
      name: 'command',
      aggregate: 'customer',
      id: '{{ new.customer }}',
      command: { order: '{{ new.id }}' },
    },
    {
      action: 'sql',
      name: 'in-ledger',
      statement: 'insert into sent values ($1)',
      values: ['{{ new.id }}'],
      inLedger: true,
    },
    {
      action: 'sql',
      name: 'by-key',
      statement: 'insert into keyed values ($1, $2) on conflict do nothing',
      values: ['{{ new.id }}'],
    },
  ],
}

const counted: ObserverDefinition = {
  name: 'counted',
  source: { events: Customers },
  on: 'order-counted',
  tenant: '*',
  actions: [{ action: 'note', name: 'note', text: 'counted {{ data.order }} {{ metadata.tenant }}' }],
}

const texts = ({ noted }: { readonly noted: readonly { readonly text: string }[] }): readonly string[] =>
  noted.map(({ text }) => text).toSorted()

/** What is published on a subject, until it is disposed of. */
async function listen(subject: string): Promise<{ readonly heard: string[] } & AsyncDisposable> {
  const connection = await connect({ servers: inject('servers').nats })
  const heard: string[] = []
  connection.subscribe(subject, { callback: (_error, message) => void heard.push(message.string()) })
  await connection.flush()
  return { heard, [Symbol.asyncDispose]: async () => await connection.close() }
}

// Beside JetStream the state, and with it the change log, is embedded.
describe.each(['postgres', 'jetstream'] as const)('an app of rows and events, %s', (kind) => {
  test(
    'a row and an event each cause every action once, over what the app has, and a restart none again',
    patience,
    async () => {
      await using place = await preparedPlace(kind)
      const subject = `orders.${place.env['NATS_STREAM'] ?? 'none'}`
      await using listener = await listen(subject)
      const publishing = kind === 'jetstream' ? 1 : 0
      const published = { action: 'publish', name: 'publish', subject, data: { order: '{{ new.id }}' } }
      const actions = [...everything.actions, ...(publishing === 1 ? [published] : [])]
      const shop = createShop([{ ...everything, actions }, counted])
      {
        await using app = await openApp(shop.definition, { env: place.env })
        expect([app.runtime?.runs('everything'), app.changeRuntime?.runs('everything')]).toEqual([
          false,
          true,
        ])
        expect([app.runtime?.runs('counted'), app.changeRuntime?.runs('counted')]).toEqual([true, false])
        await insert(app, '1')
        await eventually(
          async () => await app.processors.listDeliveries({ state: 'delivered' }),
          ({ items }) => items.length === 8 + publishing,
        )
        expect(texts(shop)).toEqual(['1 ', 'counted 1 '])
        expect(listener.heard).toEqual(publishing === 1 ? ['{"order":"1"}'] : [])
        expect(await app.queue.depth()).toMatchObject({ waiting: 1 })
        expect(await app.cache.get('order:1')).toBe(12.5)
        const orders = app.searchIndexes.index(ordersIndex.definition.name)
        await orders.refresh()
        const { hits } = await orders.search({ limit: 10 })
        expect(hits.map(({ id, body }) => [id, body])).toEqual([['1', { customer: 'ada', total: 12.5 }]])
        expect(await app.database.query('select line from sent')).toEqual([{ line: '1' }])
        const [keyed] = await app.database.query<{ key: string }>('select key from keyed')
        expect(keyed?.key).toMatch(/:everything:by-key$/)
        const { status, reasons, processors } = await createManagement(app).status()
        expect([status, reasons]).toEqual(['ok', []])
        expect(processors.map(({ name, log, state }) => [name, log, state])).toEqual([
          ['counted', app.store.log.name, 'running'],
          ['everything', app.changes.name, 'running'],
        ])
      }
      await using app = await openApp(shop.definition, { env: place.env })
      await insert(app, '2')
      await eventually(
        () => shop.noted.length,
        (length) => length === 4,
      )
      expect(texts(shop)).toEqual(['1 ', '2 ', 'counted 1 ', 'counted 2 '])
      expect(new Set(shop.noted.map(({ key }) => key)).size).toBe(4)
    },
  )
})

test(
  'trap 20: a row of one tenant reaches no rule of another, and what it causes is of that tenant',
  patience,
  async () => {
    await using place = await preparedPlace()
    const of = (name: string, tenant?: string): ObserverDefinition => ({
      name,
      source: { table: 'orders' },
      actions: [{ action: 'note', name: 'note', text: `${name} {{ new.id }}` }],
      ...(tenant === undefined ? {} : { tenant }),
    })
    const command = { ...everything, name: 'commands', actions: everything.actions.slice(4, 5) }
    const shop = createShop([
      of('acme', 'acme'),
      of('other', 'other'),
      of('none'),
      of('all', '*'),
      command,
      counted,
    ])
    await using app = await openApp(shop.definition, { env: place.env })
    await insert(app, 'a', { tenant: 'acme' })
    await insert(app, 'b', { tenant: 'other' })
    await insert(app, 'c')
    const expected = [
      'acme a',
      'all a',
      'all b',
      'all c',
      'counted a acme',
      'counted b other',
      'counted c ',
      'none c',
      'other b',
    ]
    await eventually(
      () => shop.noted.length,
      (length) => length >= expected.length,
    )
    for (const processor of ['acme', 'other', 'none'])
      expect(await app.changeRuntime?.reached(processor, await app.changes.head())).toBe(true)
    expect(texts(shop)).toEqual(expected)
  },
)

test(
  'a command that is refused is a dead letter, and an action without its server is refused by name',
  patience,
  async () => {
    await using place = await preparedPlace()
    const [refused] = everything.actions.slice(4, 5)
    const command: ObserverDefinition = {
      ...everything,
      name: 'commands',
      on: ['insert', 'update'],
      actions: refused === undefined ? [] : [{ ...refused, onFailure: 'hold' }],
    }
    const shop = createShop([command])
    {
      await using app = await openApp(shop.definition, { env: place.env })
      await insert(app, 'refused')
      const [letter] = await eventually(
        async () => (await app.processors.deadLetters.list()).items,
        ({ length }) => length === 1,
      )
      expect(letter).toMatchObject({ kind: 'delivery', action: 'command', reason: 'refused: no-more' })
      // What follows in its row waits, and the status says for what.
      await app.database.execute('update orders set total = 1')
      const [held] = await eventually(
        async () =>
          (await createManagement(app).status()).processors.flatMap(({ heldKeys }) => heldKeys?.keys ?? []),
        ([first]) => first?.waiting === 1,
      )
      expect(held).toMatchObject({ action: 'command', key: 'orders-refused', deadLetter: letter?.id })
      expect(await collect(app.store.read(createStreamId('customer', 'ada')))).toEqual([])
    }
    const rules: readonly ObserverDefinition[] = [
      {
        name: 'wrong',
        source: { table: 'orders' },
        actions: [
          { action: 'publish', name: 'a', subject: 'x', data: 1 },
          { action: 'search', name: 'b', index: 'order', id: '1' },
          { action: 'command', name: 'c', aggregate: 'nobody', id: '1', command: {} },
          { action: 'cache', name: 'd', value: 1 },
        ],
      },
    ]
    await expect(openApp(createShop(rules).definition, { env: place.env })).rejects.toMatchObject({
      code: 'ERR_RULE',
      problems: [
        {
          place: 'observers[0].actions[0].action',
          problem: 'publish needs a NATS server: NATS_URL is not set',
        },
        {
          place: 'observers[0].actions[1].index',
          problem: 'there is no search index "order"; there are orders',
        },
        {
          place: 'observers[0].actions[2].aggregate',
          problem: 'there is no aggregate "nobody"; there are customer',
        },
        { place: 'observers[0].actions[3].key', problem: 'is missing, and there is no tag' },
        { place: 'observers[0].actions[3].value', problem: 'needs a key' },
      ],
    })
    // Who only looks sees everything else.
    await using app = await openApp(createShop(rules).definition, { env: place.env, mode: 'inspect' })
    expect((await createManagement(app).deadLetters()).deadLetters).toHaveLength(1)
    expect(() => app.observers?.list()).toThrow('publish needs a NATS server')
    expect((await createManagement(app).status()).reasons.join('\n')).toContain('publish needs a NATS server')
  },
)

async function collect<T>(source: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const each of source) all.push(each)
  return all
}

test('in mode inspect no table is captured and no rule runs', patience, async () => {
  await using place = await newPlace('postgres')
  const shop = createShop([everything])
  {
    await using app = await openApp(shop.definition, { env: place.env })
    await app.database.script('alter table orders add column note text')
  }
  {
    await using app = await openApp(shop.definition, { env: place.env, mode: 'inspect' })
    const [capture] = await createManagement(app).captures()
    expect(capture?.faults).not.toEqual([])
    expect([app.changeRuntime, app.observers?.list().length]).toEqual([undefined, 1])
  }
  await using app = await openApp(shop.definition, { env: place.env })
  const [capture] = await createManagement(app).captures()
  expect(capture?.faults).toEqual([])
})
