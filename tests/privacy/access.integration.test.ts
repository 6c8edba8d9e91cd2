import { createManagement, defineApp, openApp } from '@millrace/app'
import { createEventDecoder, createStreamId, decodeEvents } from '@millrace/contracts'
import type { AccessLog } from '@millrace/contracts'
import { openMemoryAccessLog, openMemoryStore } from '@millrace/memory'
import { openPglite, openPostgresAccessLog } from '@millrace/postgres'
import { createAnonymizer, guardedStore, mask, pseudonym, suppress } from '@millrace/privacy'
import type { Role } from '@millrace/privacy'
import { createServer, serve } from '@millrace/server'
import { describe, expect, test } from 'vitest'

import { collect } from './support/collect.ts'
import { newPlace } from './support/places.ts'

const stream = createStreamId('order', '1')
const placed = { type: 'placed', data: { email: 'ada@x.org', amount: 5 } }
const denied = { code: 'ERR_ACCESS_DENIED' }

describe('the management API', () => {
  test('lets everybody do what their roles say, and records it', async () => {
    await using place = await newPlace('embedded')
    const env = {
      ...place.env,
      MILLRACE_TOKEN: 'the-operators-token',
      MILLRACE_TOKENS: 'ann:read:token-of-ann,bob:replay+operate:token-of-bob',
    }
    await using app = await openApp(defineApp({ name: 'guarded', accessLog: true }), { env })
    await app.store.append(stream, [placed], { expectedVersion: 'any' })
    const server = createServer(app, app.token === undefined ? {} : { token: app.token })
    expect(server.asksForToken).toBe(true)
    await using running = await serve(server, { port: 0 })
    const ask = async (token: string, method: string, path: string): Promise<number> => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const body = method === 'POST' ? { body: '{}' } : {}
      return (await fetch(new URL(path, running.url), { method, headers, ...body })).status
    }
    const events = `/api/streams/${stream}/events`
    expect(await ask('nobodys-token', 'GET', events)).toBe(401)
    expect(await ask('token-of-ann', 'GET', events)).toBe(200)
    expect(await ask('token-of-ann', 'POST', '/api/processors/x/pause')).toBe(403)
    expect(await ask('token-of-ann', 'POST', '/api/dead-letters/x/retry')).toBe(403)
    expect(await ask('token-of-bob', 'GET', events)).toBe(403)
    expect(await ask('token-of-bob', 'POST', '/api/processors/x/pause')).toBe(404)
    expect(await ask('token-of-bob', 'POST', '/api/dead-letters/x/retry')).toBe(404)
    expect(await ask('the-operators-token', 'GET', events)).toBe(200)
    const { items } = (await app.accessLog?.list()) ?? { items: [] }
    expect(
      items.toReversed().map(({ actor, role, outcome, target }) => [actor, role, outcome, target]),
    ).toEqual([
      ['ann', 'read', 'allowed', stream],
      ['ann', 'operate', 'denied', 'x'],
      ['ann', 'replay', 'denied', 'x'],
      ['bob', 'read', 'denied', stream],
      ['bob', 'operate', 'allowed', 'x'],
      ['bob', 'replay', 'allowed', 'x'],
      ['operator', 'read', 'allowed', stream],
    ])
    expect(items[0]?.action).toBe('GET /api/streams/:id/events')
  })

  test('shows nobody what is masked', async () => {
    await using place = await newPlace('embedded')
    await using app = await openApp(defineApp({ name: 'masking', masked: ['email'] }), { env: place.env })
    await app.store.append(stream, [placed], { expectedVersion: 'any' })
    const management = createManagement(app)
    const seen = [await management.readStream(stream), await management.searchEvents({ raw: true })]
    for await (const view of management.tail({
      after: `${(await app.store.log.beginning()).generation}:0:0`,
    })) {
      seen.push({ events: [view], next: null })
      break
    }
    expect(seen.map((page) => page?.events[0]?.data)).toEqual(
      Array.from({ length: 3 }, () => ({ email: '***', amount: 5 })),
    )
  })
})

const logs: readonly (readonly [string, () => Promise<AccessLog & Partial<AsyncDisposable>>])[] = [
  ['memory', async () => openMemoryAccessLog()],
  [
    'PGlite',
    async () => {
      const database = await openPglite('memory')
      return {
        ...(await openPostgresAccessLog({ database })),
        [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
      }
    },
  ],
]

describe.for(logs)('an access log in %s', ([, open]) => {
  test('lists what was recorded, the newest first, page by page, by actor and target', async () => {
    const log = await open()
    try {
      const entry = { role: 'read', action: 'read', outcome: 'allowed' } as const
      for (let i = 0; i < 5; i++)
        await log.record({
          ...entry,
          actor: i % 2 === 0 ? 'ann' : 'bob',
          target: i === 4 ? undefined : `s-${i}\0`,
        })
      const first = await log.list({ actor: 'ann', limit: 2 })
      expect(first.items.map(({ target }) => target?.slice(0, 3))).toEqual([undefined, 's-2'])
      const rest = await log.list({
        actor: 'ann',
        limit: 2,
        ...(first.next === undefined ? {} : { cursor: first.next }),
      })
      expect([rest.items.length, rest.next, rest.items[0]?.at instanceof Date]).toEqual([1, undefined, true])
      await expect(log.list({ cursor: 'x' })).rejects.toMatchObject({ code: 'ERR_INVALID_CURSOR' })
      await expect(log.list({ limit: 0 })).rejects.toMatchObject({ code: 'ERR_INVALID_VALUE' })
    } finally {
      await log[Symbol.asyncDispose]?.()
    }
  })
})

describe('a guarded store', () => {
  const uses: readonly (readonly [
    Role,
    (store: Awaited<ReturnType<typeof openMemoryStore>>) => Promise<unknown>,
  ])[] = [
    ['read', async (store) => await collect(store.read(stream))],
    ['read', async (store) => await collect(store.readAll())],
    ['read', async (store) => await store.describe(stream)],
    ['write', async (store) => await store.append(stream, [placed], { expectedVersion: 'any' })],
    [
      'write',
      async (store) => await store.commit([{ streamId: stream, events: [placed], expectedVersion: 'any' }]),
    ],
    ['replay', async (store) => await store.log.readBatch(await store.log.beginning())],
    [
      'operate',
      async (store) =>
        await store.tombstone(createStreamId('order', '2'), { expectedVersion: 'any', reason: 'x' }),
    ],
  ]

  test('lets each role do its own, refuses all others, and records both', async () => {
    await using raw = await openMemoryStore()
    await raw.append(createStreamId('order', '2'), [placed], { expectedVersion: 'any' })
    for (const [role, use] of uses) {
      const log = openMemoryAccessLog()
      await use(guardedStore(raw, { principal: { name: 'ann', roles: [role] }, log }))
      const others = (['read', 'write', 'replay', 'operate'] as const).filter((other) => other !== role)
      await expect(
        use(guardedStore(raw, { principal: { name: 'bob', roles: others }, log })),
      ).rejects.toMatchObject(denied)
      const { items } = await log.list()
      expect(items.map(({ actor, outcome }) => `${actor} ${outcome}`)).toEqual(['bob denied', 'ann allowed'])
    }
  })
})

test('an anonymised copy holds every event and nothing that names somebody', async () => {
  await using source = await openMemoryStore()
  await using target = await openMemoryStore()
  for (const who of ['xavi', 'yoko', 'xavi'])
    await source.append(
      createStreamId('order', who),
      [{ type: 'placed', data: { email: `${who}@x.org`, id: who, amount: 5 } }],
      {
        expectedVersion: 'any',
        metadata: { actor: { kind: 'user', id: who } },
      },
    )
  const key = new Uint8Array(32).fill(3)
  const anonymizer = createAnonymizer({
    types: { placed: { email: suppress(), id: mask() } },
    streamKey: pseudonym({ key }),
  })
  expect(await anonymizer.copy(source, target, { batchSize: 2 })).toEqual({ copied: 3, dropped: 0 })
  const copied = await collect(decodeEvents(target.readAll(), createEventDecoder()))
  expect(copied.map(({ data }) => data)).toEqual(Array.from({ length: 3 }, () => ({ id: '****', amount: 5 })))
  expect(copied[0]?.streamId).toBe(copied[2]?.streamId)
  expect(copied.map(({ version }) => version)).toEqual([1, 1, 2])
  expect(JSON.stringify(copied)).not.toMatch(/xavi|yoko/)
  await expect(anonymizer.copy(source, target)).rejects.toMatchObject({
    code: 'ERR_CONFIGURATION',
    setting: 'target',
  })
})
