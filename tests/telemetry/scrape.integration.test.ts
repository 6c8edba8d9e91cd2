import { fileURLToPath } from 'node:url'

import { createManagement } from '@millrace/app'
import { millraceMetrics } from '@millrace/contracts'
import { createServer, serve } from '@millrace/server'
import type { RunningServer } from '@millrace/server'
import { millrace } from '@millrace/tools/cli'
import { startPrometheus } from '@millrace/tools/services'
import type { PrometheusServer } from '@millrace/tools/services'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { eventually } from './support/eventually.ts'
import { metricValue } from './support/metric-value.ts'
import { promtool } from './support/promtool.ts'
import { openShop } from './support/shop.ts'
import type { Shop } from './support/shop.ts'

const alerts = fileURLToPath(new URL('../../packages/telemetry/alerts/millrace.yaml', import.meta.url))
const token = 'scraper-token-0123456789'
const reader = 'reader-token-0123456789'
const writer = 'writer-token-0123456789'

let shop: Shop
let server: RunningServer
let prometheus: PrometheusServer
const opened = new AsyncDisposableStack()

beforeAll(async () => {
  shop = opened.use(await openShop())
  const tokenHolders = [
    { token: reader, principal: { name: 'reader', roles: ['read'] as const } },
    { token: writer, principal: { name: 'writer', roles: ['write'] as const } },
  ]
  server = opened.use(await serve(createServer(shop.app, { token, tokenHolders }), { port: 0 }))
  prometheus = opened.use(
    await startPrometheus({ targets: [server.url], token: reader, ruleFiles: [alerts] }),
  )
})
afterAll(async () => {
  await opened.disposeAsync()
})

async function get(path: string, bearer?: string): Promise<Response> {
  const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }
  return await fetch(new URL(path, server.url), { headers })
}

const { eventsProcessed, deadLetters, actionDuration, lagSeconds } = millraceMetrics

test('a real Prometheus scrapes what was counted', async () => {
  for (const type of ['noted', 'sent', 'sent', 'refused', 'poison', 'webhook'] as const)
    await shop.append(type)
  await eventually(async () => await metricValue(shop.metrics, deadLetters.name)).toBe(1)
  await eventually(
    async () => await metricValue(shop.metrics, actionDuration.name, { outcome: 'delivered' }),
  ).toBe(3)
  const seen = async (expression: string): Promise<number | undefined> =>
    (await prometheus.query(expression))[0]?.value
  await eventually(async () => await seen('up')).toBe(1)
  await eventually(async () => await seen(`sum(${deadLetters.name}{processor="orders"})`)).toBe(1)
  await eventually(
    async () => await seen(`${actionDuration.name}_count{type="mail",outcome="delivered"}`),
  ).toBe(2)
  await eventually(async () => await seen(`${eventsProcessed.name}{processor="orders"}`)).toBe(5)
  await eventually(async () => await seen('millrace_circuit_state{state="closed"}')).toBe(1)
})

test('every scraped metric has the type and the help of the catalogue', async () => {
  type Metadata = Readonly<Record<string, readonly { readonly type: string; readonly help: string }[]>>
  const metadata = await prometheus.ask<Metadata>('metadata')
  const scraped = Object.keys(metadata)
  expect(scraped).toContain(eventsProcessed.name)
  const catalogue = new Map(Object.values(millraceMetrics).map((metric) => [metric.name as string, metric]))
  for (const name of scraped) {
    const { kind: type, help } = catalogue.get(name) ?? {}
    expect([name, metadata[name]]).toEqual([name, [{ type, help, unit: '' }]])
  }
})

test('Prometheus evaluates the alert rules over them', async () => {
  interface Rules {
    readonly groups: readonly {
      readonly rules: readonly { readonly health: string; readonly name: string }[]
    }[]
  }
  await eventually(async () => {
    const { groups } = await prometheus.ask<Rules>('rules')
    return new Set(groups.flatMap(({ rules }) => rules.map(({ health }) => health)))
  }).toEqual(new Set(['ok']))
})

test('promtool finds nothing to say about the exposition', async () => {
  const response = await get('/metrics', token)
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  const input = await response.text()
  expect(await promtool(['check', 'metrics'], { input })).toEqual({ code: 0, output: '' })
})

test('whoever may read is let in, nobody else', async () => {
  const statuses = async (path: string): Promise<readonly number[]> =>
    await Promise.all([token, reader, writer, undefined].map(async (each) => (await get(path, each)).status))
  expect(await statuses('/metrics')).toEqual([200, 200, 403, 401])
  expect(await statuses('/api/metrics')).toEqual([200, 200, 403, 401])
})

test('neither secrets nor tenants nor ids of events are in what is scraped', async () => {
  const { id } = await shop.app.store
    .append(
      'cart-secret-tenant' as never,
      [{ type: 'noted', data: {}, metadata: { tenant: 'acme-tenant' } }],
      { expectedVersion: 'any' },
    )
    .then(({ commitId }) => ({ id: commitId }))
  const text = await (await get('/metrics', token)).text()
  for (const word of ['acme-tenant', id, 'cart-', token, reader, shop.app.secret('webhookSecret')])
    expect(text).not.toContain(word)
})

test('millrace metrics shows the same, to people and as JSON', async () => {
  const args = ['metrics', '--url', server.url, '--token', reader]
  const json = await millrace([...args, '--json'])
  expect([json.code, json.stderr]).toEqual([0, ''])
  const { metrics } = JSON.parse(json.stdout) as { readonly metrics: readonly { readonly name: string }[] }
  expect(await metricValue({ read: async () => metrics as never }, deadLetters.name)).toBe(1)
  const people = await millrace(args)
  expect(people.stdout).toMatch(/^METRIC +LABELS +VALUE\n/)
  expect(people.stdout).toMatch(/millrace_dead_letters_total +processor=orders +1\n/)
  expect(people.stdout).toMatch(/millrace_action_duration_seconds +type=mail outcome=delivered +2, mean /)
  expect((await millrace([...args.slice(0, 3), '--token', writer])).code).not.toBe(0)
})

test('the status of the app has the same figures', async () => {
  const { runtime } = shop.app
  await runtime?.pause('counts')
  await shop.append('noted')
  const management = createManagement(shop.app)
  await eventually(async () => {
    const { processors } = await management.status()
    const counts = processors.find(({ name }) => name === 'counts')
    const lag = await metricValue(shop.metrics, millraceMetrics.lagEvents.name, { processor: 'counts' })
    return [counts?.state, counts?.lag.records === lag, lag > 0]
  }).toEqual(['paused', true, true])
  const before = (await management.status()).processors.find(({ name }) => name === 'counts')?.lag.seconds
  expect(await metricValue(shop.metrics, lagSeconds.name, { processor: 'counts' })).toBeGreaterThanOrEqual(
    before ?? 0,
  )
  const orders = (await management.status()).processors.find(({ name }) => name === 'orders')
  for (const [metric, figure] of [
    [millraceMetrics.deadLettersWaiting, orders?.deadLetters],
    [millraceMetrics.parkedRecords, orders?.parkedRecords],
    [millraceMetrics.openDeliveries, orders?.openDeliveries],
    [millraceMetrics.leaseEpoch, orders?.partitions[0]?.epoch],
  ] as const)
    expect(await metricValue(shop.metrics, metric.name, { processor: 'orders' })).toBe(figure)
})
