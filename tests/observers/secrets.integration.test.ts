import { randomBytes } from 'node:crypto'

import { openCache } from '@millrace/caching'
import { createEventDecoder, createStreamId } from '@millrace/contracts'
import { openMemoryStore } from '@millrace/memory'
import { openObservers } from '@millrace/observers'
import type { ObserverDefinition } from '@millrace/observers'
import { openPg, openProcessorStore } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import { createProcessorRuntime } from '@millrace/processing'
import { openRedis, openRedisCacheStore } from '@millrace/redis'
import type { RedisConnection } from '@millrace/redis'
import { HttpReceiver, SlackReceiver, SmtpReceiver } from '@millrace/tools/receivers'
import { expect, inject, test } from 'vitest'

import { eventually } from './support/eventually.ts'
import { fresh } from './support/rig.ts'

/** Every row of every table of a schema, as text. */
async function everyRow(database: SqlDatabase, schema: string): Promise<readonly string[]> {
  const tables = await database.query<{ name: string }>(
    'select table_name as name from information_schema.tables where table_schema = $1',
    [schema],
  )
  expect(tables.length).toBeGreaterThan(5)
  const texts: string[] = []
  for (const { name } of tables) {
    const rows = await database.query<{ row: string }>(
      `select each::text as row from ${schema}.${name} as each`,
    )
    // A secret is no less readable as hexadecimal digits.
    for (const { row } of rows) texts.push(row, fromHex(row))
  }
  return texts
}

function fromHex(row: string): string {
  return row.replace(/\\+x((?:[0-9a-f]{2})+)/g, (_, digits: string) => Buffer.from(digits, 'hex').toString())
}

/** Every key with its value, as bytes. */
async function everyKey({ client, settings }: RedisConnection): Promise<readonly string[]> {
  const texts: string[] = []
  let cursor = '0'
  do {
    const [next, keys] = await client.scan(cursor, 'MATCH', `${settings.prefix}*`, 'COUNT', 1000)
    cursor = next
    for (const key of keys) texts.push(key, (await client.dumpBuffer(key))?.toString('latin1') ?? '')
  } while (cursor !== '0')
  return texts
}

interface Sinks extends AsyncDisposable {
  readonly http: HttpReceiver
  readonly slack: SlackReceiver
  readonly smtp: SmtpReceiver
}

/** Receivers that refuse everything, and say what they were sent while they do. */
async function openSinks(): Promise<Sinks> {
  await using stack = new AsyncDisposableStack()
  const http = stack.use(await HttpReceiver.open())
  const slack = stack.use(await SlackReceiver.open())
  const smtp = stack.use(await SmtpReceiver.open({ user: { name: 'app', password: 'another' } }))
  http.behave(({ path, headers, body }) =>
    path.startsWith('/good')
      ? { kind: 'answer', status: 200 }
      : { kind: 'answer', status: 400, body: `${path} ${String(headers['x-key'])} ${body}` },
  )
  slack.http.behave({ kind: 'redirect', to: slack.webhookUrl })
  const opened = stack.move()
  return { http, slack, smtp, [Symbol.asyncDispose]: async () => await opened.disposeAsync() }
}

const once = { maxAttempts: 1 } as const

function rules(http: HttpReceiver): readonly ObserverDefinition[] {
  const key = '{{ secret.KEY }}'
  return [
    {
      name: 'everywhere',
      lookups: { customer: { from: 'customers', key: '{{ data.customer }}' } },
      when: "lookup.customer.tier == 'gold'",
      actions: [
        ...['good', 'bad'].map((path) => ({
          action: 'webhook',
          name: path,
          url: `${http.url}/${path}?key=${key}`,
          headers: { 'x-key': key, authorization: `Bearer ${key}` },
          body: { key, customer: '{{ lookup.customer.name }}' },
          signWith: 'SIGNATURE',
          retry: once,
        })),
        { action: 'webhook', name: 'nowhere', url: `http://${key}.invalid/`, retry: once, maxAgeMs: 1 },
        { action: 'slack', name: 'slack', webhook: 'SLACK', text: 'placed', retry: once },
        { action: 'email', name: 'mail', to: 'a@example.org', subject: 's', text: key, retry: once },
        { action: 'log', name: 'line', message: '{{ lookup.customer.name }}' },
      ],
    },
  ]
}

test('trap 12: no secret is in the ledger, the cache, the logs or an error, whatever fails', async () => {
  await using sinks = await openSinks()
  const plain = {
    KEY: `k3y-${randomBytes(9).toString('hex')}`,
    SIGNATURE: `whsec_${randomBytes(24).toString('base64')}`,
    SLACK: sinks.slack.webhookUrl,
    PASSWORD: `pa55-${randomBytes(9).toString('hex')}`,
  }
  const schema = `traps_${fresh('secret').replace('-', '_')}`
  await using database = await openPg({ url: inject('servers').postgres, poolSize: 4 })
  await using connection = await openRedis({ url: inject('redis'), prefix: fresh('traps') })
  await using events = await openMemoryStore()
  await using cache = openCache({ store: openRedisCacheStore({ connection }) })
  const kept: string[] = []
  await using observers = openObservers({
    observers: rules(sinks.http),
    allowHosts: ['127.0.0.1'],
    secrets: (name) => plain[name as keyof typeof plain],
    cache: {
      getOrLoad: async (key, load, options) => {
        kept.push(key)
        return await cache.getOrLoad(key, load, options)
      },
    },
    lookups: { customers: { load: async (name) => ({ name, tier: 'gold' }) } },
    smtp: {
      host: '127.0.0.1',
      port: sinks.smtp.port,
      tls: 'none',
      from: 'shop@example.org',
      user: 'app',
      passwordFrom: 'PASSWORD',
    },
    log: (line) => kept.push(JSON.stringify(line)),
  })
  const store = await openProcessorStore({ database, schema })
  await using runtime = createProcessorRuntime({
    log: events.log,
    store,
    decode: createEventDecoder(),
    processors: observers.processors,
    leaseTtlMs: 3_000,
    pollMs: 50,
  })
  runtime.onChange((fact) => kept.push(JSON.stringify(fact)))
  await runtime.start()
  const order = { type: 'order-placed', data: { customer: 'ada' } }
  await events.append(createStreamId('order', '1'), [order], { expectedVersion: 'any' })
  const states = async (): Promise<Readonly<Record<string, string>>> => {
    const { items } = await store.listDeliveries({ processor: 'everywhere' })
    return Object.fromEntries(items.map(({ action, state }) => [action, state]))
  }
  await eventually(states).toEqual({
    good: 'delivered',
    line: 'delivered',
    bad: 'dead',
    slack: 'dead',
    mail: 'dead',
    nowhere: 'dead',
  })
  // They were where they belong: what follows is no search for something that never was.
  expect(sinks.http.requests.filter(({ path }) => path.includes(plain.KEY))).toHaveLength(2)
  expect(sinks.slack.http.requests).toHaveLength(1)

  const { items } = await store.deadLetters.list({ processor: 'everywhere' })
  const { records } = await events.log.readBatch(await events.log.beginning(), { maxRecords: 1 })
  const [envelope] = records.flatMap((stored) => createEventDecoder()(stored))
  if (envelope === undefined) throw new Error('the log is empty')
  const dry = await observers.test('everywhere', envelope)
  const shown = [dry, observers.status(), await runtime.status(), items]
  const everything = [
    ...kept,
    ...shown.map((each) => JSON.stringify(each)),
    ...(await everyRow(database, schema)),
    ...(await everyKey(connection)),
  ]
  expect(everything.length).toBeGreaterThan(20)
  const forms = Object.entries(plain).flatMap(([name, secret]) =>
    [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')].map(
      (form) => [name, form] as const,
    ),
  )
  const leaks = everything.flatMap((text) =>
    forms.flatMap(([name, form]) => (text.includes(form) ? [`${name} in ${text}`] : [])),
  )
  expect(leaks).toEqual([])
  await database.script(`drop schema ${schema} cascade`)
})

test.each([
  ['a log', { action: 'log', name: 'line', message: '{{ secret.KEY }}' }, {}],
  [
    'a cache key',
    { action: 'log', name: 'line', message: '{{ lookup.customer }}' },
    { lookups: { customer: { from: { load: async () => null }, key: '{{ secret.KEY }}' } } },
  ],
])('trap 12: a rule that would put a secret into %s is not loaded', (_, action, more) => {
  const rule = { name: 'leaky', actions: [action], ...more }
  const open = (): unknown => openObservers({ observers: [rule], secrets: () => 'k3y' })
  expect(open).toThrow(/must not hold a secret/)
})
