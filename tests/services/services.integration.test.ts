import { setImmediate } from 'node:timers/promises'

import { defineApp, defineAppIndex, defineJob, openApp } from '@millrace/app'
import type { App } from '@millrace/app'
import { createStreamId, defineSearchIndex } from '@millrace/contracts'
import { openRedis } from '@millrace/redis'
import { createServer, serve } from '@millrace/server'
import { millrace } from '@millrace/tools/cli'
import { expect, inject, test, vi } from 'vitest'
import { z } from 'zod'

import { embeddedPlace, fresh, places, serverPlace } from './support/places.ts'

const orderFields = { note: { kind: 'text' }, total: { kind: 'whole' } } as const
const placed = (n: number) => ({ type: 'OrderPlaced', data: { note: `Red shoes ${n}`, total: n } })

const orders = defineAppIndex({
  definition: defineSearchIndex({ name: 'orders', version: 1, fields: orderFields }),
  toWrites: ({ streamId, data }) => [
    { kind: 'index', id: streamId, body: data as { note: string; total: number } },
  ],
})

interface Mailed {
  readonly seen: unknown[]
  readonly definition: ReturnType<typeof defineApp>
}

/** An app with jobs of two names, of which the letters fail once. */
function createMailer(options: { readonly timeoutMs?: number } = {}): Mailed {
  const seen: unknown[] = []
  const definition = defineApp({
    name: 'mailer',
    jobs: {
      mail: defineJob({
        schema: z.object({ to: z.string(), copies: z.number().default(1) }),
        handle: async ({ data, attempt }, { cache }) => {
          await cache.set('last', data.to)
          seen.push([data.to, data.copies, attempt])
        },
      }),
      letter: defineJob({
        schema: z.string(),
        retry: { maxAttempts: 2, initialMs: 1 },
        ...options,
        handle: async ({ data, attempt, signal }) => {
          seen.push([data, attempt])
          if (data === 'hangs') await new Promise((resolve) => signal.addEventListener('abort', resolve))
          throw new Error('no stamps')
        },
      }),
    },
    searchIndexes: [orders],
  })
  return { seen, definition }
}

async function appendOrders(app: App, numbers: readonly number[]): Promise<void> {
  for (const n of numbers)
    await app.store.append(createStreamId('order', String(n)), [placed(n)], { expectedVersion: 'any' })
}

async function found(app: App, count: number): Promise<void> {
  const index = app.searchIndexes.index('orders')
  await vi.waitFor(
    async () => {
      await index.refresh()
      expect(await index.count({ text: { query: 'red shoes' } })).toBe(count)
    },
    { timeout: 15_000, interval: 50 },
  )
}

for (const [kind, newPlace] of places) {
  test(`cache, dedup, jobs and search are there without a further line (${kind})`, async () => {
    await using place = await newPlace()
    const { seen, definition } = createMailer()
    await using app = await openApp(definition, { env: place.env })
    expect(await app.cache.getOrLoad('a', async () => ({ n: 1 }))).toEqual({ n: 1 })
    expect(await app.cache.get('a')).toEqual({ n: 1 })

    const attempt = { owner: 'one', leaseMs: 60_000 }
    const [first] = await app.dedup.claim('shop', ['evt_1'], attempt)
    if (first?.kind !== 'new') throw new Error('it is new')
    await app.dedup.done('shop', [first])
    expect(await app.dedup.claim('shop', ['evt_1'], attempt)).toMatchObject([{ kind: 'done' }])

    const mail = await app.queue.enqueue('mail', { to: 'ada' })
    const bad = await app.queue.enqueue('mail', { to: 7 })
    const letter = await app.queue.enqueue('letter', 'fails')
    await vi.waitFor(
      async () => {
        const states = await Promise.all(
          [mail, bad, letter].map(async ({ id }) => (await app.queue.find(id))?.state),
        )
        expect(states).toEqual(['done', 'dead', 'dead'])
      },
      { timeout: 10_000 },
    )
    expect(new Set(seen)).toEqual(
      new Set([
        ['ada', 1, 1],
        ['fails', 1],
        ['fails', 2],
      ]),
    )
    expect(await app.cache.get('last')).toBe('ada')
    const depths = await app.queue.depths()
    expect([depths.get('mail')?.dead, depths.get('letter')?.dead, (await app.queue.depth()).dead]).toEqual([
      1, 1, 2,
    ])
    expect((await app.queue.listDead()).map(({ id }) => id).toSorted()).toEqual(
      [bad.id, letter.id].toSorted(),
    )
    expect([await app.queue.removeDead(letter.id), await app.queue.retryDead(letter.id)]).toEqual([
      true,
      false,
    ])

    await appendOrders(app, [1, 2])
    await found(app, 2)
    expect(await app.searchIndexes.status()).toMatchObject([
      { name: 'orders', version: 1, documents: 2, indexer: 'search-orders', rebuilding: false },
    ])
  })

  test(`an index is built anew beside what is read, and nothing that comes meanwhile is missing (${kind})`, async () => {
    await using place = await newPlace()
    await using app = await openApp(createMailer().definition, { env: place.env })
    await appendOrders(
      app,
      Array.from({ length: 20 }, (_, n) => n),
    )
    await found(app, 20)
    const phases = new Set<string>()
    let more = 20
    const rebuilding = app.searchIndexes.rebuild('orders', { onProgress: ({ phase }) => phases.add(phase) })
    while ((await app.searchIndexes.status())[0]?.rebuilding === true) {
      await appendOrders(app, [more++])
      // An embedded database answers without a turn of the event loop, and timers would never come to theirs.
      await setImmediate()
    }
    const { documents } = await rebuilding
    expect(documents).toBeGreaterThanOrEqual(20)
    await found(app, more)
    expect(phases).toContain('done')
    expect((await app.processors.status()).map(({ processor }) => processor)).toEqual(['search-orders'])
    await expect(app.searchIndexes.rebuild('nothing')).rejects.toMatchObject({ code: 'ERR_INVALID_VALUE' })
  })

  test(`an index of a newer version waits until it is rebuilt, and parks nothing (${kind})`, async () => {
    await using place = await newPlace()
    {
      await using app = await openApp(createMailer().definition, { env: place.env })
      await appendOrders(app, [1])
      await found(app, 1)
    }
    const newer = defineAppIndex({
      ...orders,
      definition: defineSearchIndex({
        name: 'orders',
        version: 2,
        fields: { ...orderFields, size: { kind: 'whole', optional: true } },
      }),
    })
    await using app = await openApp(defineApp({ name: 'mailer', searchIndexes: [newer] }), { env: place.env })
    await appendOrders(app, [2])
    expect(await app.searchIndexes.status()).toMatchObject([
      { documents: undefined, problem: expect.stringContaining('version 1 is read') as string },
    ])
    await using running = await serve(createServer(app), { port: 0 })
    const search = async (...args: readonly string[]) =>
      await millrace(['search', ...args, '--url', running.url])
    expect(await search('status')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/orders .*version 1 is read/) as string,
    })
    expect(await search('rebuild', 'orders', '--json')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('"documents": 2') as string,
    })
    expect([(await search('status')).code, (await search('rebuild', 'nothing')).code]).toEqual([0, 5])
    await found(app, 2)
    const [status] = await app.processors.status()
    expect(status?.parkedRecords).toBe(0)
  })
}

/** What lies under a prefix on the Redis of this run: the keys, each with the milliseconds it has left. */
async function keysOf(prefix: string): Promise<ReadonlyMap<string, number>> {
  await using connection = await openRedis({ url: inject('redis') })
  const keys = await connection.client.keys(`${prefix}:*`)
  const ends = await Promise.all(keys.map(async (key) => await connection.client.pttl(key)))
  return new Map(keys.map((key, n) => [key.slice(prefix.length + 1), ends[n] ?? 0]))
}

const ttlOf = (keys: ReadonlyMap<string, number>, beginning: string): number =>
  [...keys].find(([key]) => key.startsWith(beginning))?.[1] ?? Number.NaN

test('every setting of the services changes what they do', async () => {
  await using place = await serverPlace()
  const prefix = place.env['MILLRACE_REDIS_PREFIX'] ?? ''
  const env = {
    ...place.env,
    MILLRACE_CACHE_TTL: '600',
    MILLRACE_CACHE_BYTES: '0',
    MILLRACE_DEDUP_TTL: '1200',
    MILLRACE_PROJECTION_LOCK_DRIVER: 'redis',
  }
  const { definition } = createMailer()
  await using app = await openApp(definition, { env })
  await app.cache.set('a', 1)
  await app.cache.get('a')
  await app.dedup.claim('shop', ['evt'], { owner: 'one', leaseMs: 1_000 })
  await appendOrders(app, [1])
  await found(app, 1)
  const keys = await keysOf(prefix)
  expect(ttlOf(keys, 'cache:{default}:v:')).toBeGreaterThan(500_000)
  expect(ttlOf(keys, 'dedup:')).toBeGreaterThan(1_100_000)
  expect(ttlOf(keys, 'dedup:')).toBeLessThanOrEqual(1_200_000)
  expect([...keys.keys()]).toContain('{locks}:lock:processor/search-orders/0')
  expect(app.cache.stats()).toMatchObject({ localBytes: 0, localHits: 0, storeHits: 1 })
  const indices = new URL(`/_cat/indices/${prefix}*?format=json`, place.env['MILLRACE_ELASTICSEARCH_URL'])
  expect(await (await fetch(indices)).json()).toHaveLength(1)
  // Without these settings: a minute, and in the process too.
  await using other = await openApp(definition, {
    env: { ...place.env, MILLRACE_REDIS_PREFIX: `${prefix}-b` },
    mode: 'inspect',
  })
  await other.cache.set('a', 1)
  await vi.waitFor(async () => {
    await other.cache.getOrLoad('a', async () => 1)
    expect(other.cache.stats().localBytes).toBeGreaterThan(0)
  })
  expect(ttlOf(await keysOf(`${prefix}-b`), 'cache:')).toBeLessThanOrEqual(60_000)
})

test('a job that takes too long is failed by its own time, and another name has a worker of its own', async () => {
  await using place = await embeddedPlace()
  const { seen, definition } = createMailer({ timeoutMs: 50 })
  await using app = await openApp(definition, { env: place.env })
  const { id } = await app.queue.enqueue('letter', 'hangs')
  await app.queue.enqueue('mail', { to: 'bob' })
  await vi.waitFor(() => expect(seen).toContainEqual(['bob', 1, 1]), { timeout: 10_000 })
  await vi.waitFor(async () => expect((await app.queue.find(id))?.state).toBe('dead'), { timeout: 10_000 })
  expect((await app.queue.find(id))?.error).toMatch(/timed out after 50 ms/)
})

test('jobs of names that nobody has a handler for wait, and are worked by who asks for them', async () => {
  await using place = await embeddedPlace()
  await using app = await openApp(defineApp({ name: 'plain' }), { env: place.env })
  const { id } = await app.queue.enqueue(fresh(), { n: 1 })
  const ids: string[] = []
  await using worker = app.queue.work(async (job) => void ids.push(job.id))
  await vi.waitFor(async () => expect((await app.queue.find(id))?.state).toBe('done'), { timeout: 10_000 })
  expect([ids, worker === undefined]).toEqual([[id], false])
})

test('looking at search indices that are not there creates none', async () => {
  await using place = await embeddedPlace()
  {
    await using app = await openApp(defineApp({ name: 'mailer' }), { env: place.env })
    expect(app.searchIndexes.names).toEqual([])
  }
  await using app = await openApp(createMailer().definition, { env: place.env, mode: 'inspect' })
  expect(await app.searchIndexes.status()).toMatchObject([
    { documents: undefined, problem: expect.stringContaining('is not there yet') as string },
  ])
  await expect(app.searchIndexes.rebuild('orders')).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
  const [row] = await app.database.query<{ tables: string | null }>(
    "select to_regclass('millrace.search_builds')::text as tables",
  )
  expect(row?.tables).toBeNull()
})
