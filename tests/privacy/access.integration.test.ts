import { createManagement, defineApp, openApp } from '@millrace/app'
import {
  createEventDecoder,
  createStreamId,
  decodeEvents,
  defineEvents,
  SealedData,
  StoreOver,
} from '@millrace/contracts'
import type { AccessLog } from '@millrace/contracts'
import { memoryRows, openMemoryAccessLog, openMemoryStore, openMemorySubjectKeys } from '@millrace/memory'
import { openPglite, openPostgresAccessLog } from '@millrace/postgres'
import {
  createAnonymizer,
  createPrivacy,
  guardedStore,
  localKeyProvider,
  mask,
  maskedRows,
  pseudonym,
  suppress,
} from '@millrace/privacy'
import type { Role } from '@millrace/privacy'
import { defineProjection } from '@millrace/projections'
import { createCursorKeys, defineQuery, openQuery } from '@millrace/query'
import { createServer, serve } from '@millrace/server'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

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
    const ask = async (token: string, method: string, path: string, order: object = {}): Promise<number> => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const body = method === 'POST' ? { body: JSON.stringify(order) } : {}
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
    const erasure = { subject: 'ada', reason: 'asked' }
    expect(await ask('token-of-ann', 'POST', '/api/privacy/erasures', erasure)).toBe(403)
    expect(await ask('token-of-bob', 'POST', '/api/privacy/erasures', erasure)).toBe(404)
    expect(await ask('token-of-bob', 'POST', '/api/privacy/erasures')).toBe(400)
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
      ['ann', 'operate', 'denied', 'ada'],
      ['bob', 'operate', 'allowed', 'ada'],
      ['bob', 'operate', 'allowed', undefined],
    ])
    expect(items[0]?.action).toBe('POST /api/privacy/erasures')
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

  test('shows documents of read models page by page, without what is masked', async () => {
    await using place = await newPlace('embedded')
    const Order = defineEvents({ placed: z.object({ email: z.string(), amount: z.number() }) })
    const buyers = defineProjection({
      name: 'buyers',
      version: 1,
      events: Order,
      key: ({ streamId }) => streamId,
      initial: () => ({ contact: { email: '' }, spent: 0n }),
      evolve: {
        placed: (state, { data: { email, amount } }) => ({
          contact: { email },
          spent: state.spent + BigInt(amount),
        }),
      },
    })
    const sums = defineProjection({
      name: 'sums',
      version: 1,
      events: Order,
      tables: ['sums'],
      script: 'create table :sums (n int)',
      apply: () => undefined,
    })
    const app = defineApp({ name: 'shown', projections: [buyers, sums], masked: ['contact.email'] })
    await using open = await openApp(app, {
      env: { ...place.env, MILLRACE_TOKENS: 'ann:read:token-of-ann,bob:operate:token-of-bob' },
    })
    for (const n of ['1', '2', '3'])
      await open.store.append(createStreamId('order', n), [placed], { expectedVersion: 'any' })
    expect(await open.projections.reached('buyers', await open.store.log.head())).toBe(true)
    await using running = await serve(createServer(open, {}), { port: 0 })
    const ask = async (path: string, token = 'token-of-ann'): Promise<{ status: number; body: unknown }> => {
      const answer = await fetch(new URL(`/api/projections/${path}`, running.url), {
        headers: { authorization: `Bearer ${token}` },
      })
      return { status: answer.status, body: await answer.json() }
    }
    const state = { contact: { email: '***' }, spent: { $bigint: '5' } }
    const document = (key: string): unknown => expect.objectContaining({ key, state })
    expect((await ask('buyers/documents?limit=2')).body).toEqual({
      documents: [document('order-1'), document('order-2')],
      next: 'order-2',
    })
    expect((await ask('buyers/documents?limit=2&after=order-2')).body).toEqual({
      documents: [document('order-3')],
      next: null,
    })
    const refused = [
      await ask('buyers/documents', 'token-of-bob'),
      await ask('nobodys/documents'),
      await ask('sums/documents'),
      await ask('buyers/documents?limit=0'),
    ]
    expect(refused.map(({ status }) => status)).toEqual([403, 404, 400, 400])
  })

  test('shows nothing of what cannot be decoded while members are masked', async () => {
    await using place = await newPlace('embedded')
    await using app = await openApp(defineApp({ name: 'odd', masked: ['email'] }), { env: place.env })
    const payload = '{"email":"ada@x.org"}'
    const data = new SealedData({
      payload: Buffer.from(payload),
      contentType: 'application/odd',
      encryption: { subject: 'ada', keyId: 'k' },
    })
    await app.store.append(stream, [{ type: 'placed', data }], { expectedVersion: 'any' })
    const shown = JSON.stringify(await createManagement(app).readStream(stream))
    expect(shown).toContain('***')
    expect(shown).not.toContain(Buffer.from(payload).toString('base64'))
  })
})

describe('rows of a read model that are masked for somebody', () => {
  const rows = [
    { id: '1', email: 'ada@x.org', born: new Date(0), amount: 5 },
    { id: '2', email: null, born: null, amount: 7 },
  ]
  const definition = defineQuery({
    name: 'buyers',
    fields: {
      id: 'text',
      email: { type: 'text', nullable: true },
      born: { type: 'instant', nullable: true },
      amount: 'number',
    },
    key: ['id'],
  })
  const cursors = createCursorKeys({ current: { id: 'k', key: new Uint8Array(32) } })
  const masked = maskedRows(
    memoryRows(() => rows),
    { fields: ['email', 'born'] },
  )
  const query = openQuery(definition, { rows: masked, cursors })

  test('show what is left, and what is null anyway', async () => {
    const page = await query.page({ filter: { amount: { '>=': 5 } }, limit: 1 })
    expect(page.rows).toEqual([{ id: '1', email: '***', born: null, amount: 5 }])
    expect((await query.page({ cursor: page.next ?? '', filter: { amount: { '>=': 5 } } })).rows).toEqual([
      { id: '2', email: null, born: null, amount: 7 },
    ])
  })

  test('tell nothing by counts, filters, orders and cursors', async () => {
    const asked = { filter: { email: { like: 'a%' } } } as const
    const refused = { code: 'ERR_INVALID_VALUE', field: 'filter.email' }
    await expect(query.page(asked)).rejects.toMatchObject(refused)
    await expect(query.count(asked)).rejects.toMatchObject(refused)
    await expect(query.page({ order: [{ field: 'amount' }, { field: 'born' }] })).rejects.toMatchObject({
      field: 'order.1.field',
    })
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

  test('follows a log that took the place of another, and commits nothing without the role', async () => {
    await using held = await openMemoryStore()
    const place = { generation: 'g', commit: 7, index: 0 }
    const log = Object.assign(Object.create(held.log) as typeof held.log, {
      formerGenerations: ['f'],
      translate: async () => place,
    })
    const switched = new StoreOver(held, log)
    const former = { ...place, generation: 'f' }
    const personal = { types: new Map() }
    const keys = openMemorySubjectKeys()
    const provider = localKeyProvider([{ id: 'm', key: new Uint8Array(32) }])
    const principal = { name: 'ann', roles: ['replay'] } as const
    for (const over of [
      guardedStore(switched, { principal }),
      createPrivacy({ personal, keys, provider }).protect(switched),
    ])
      expect([over.log.formerGenerations, await over.log.translate?.(former)]).toEqual([['f'], place])
    await expect(guardedStore(switched, { principal }).commit([])).rejects.toMatchObject(denied)
  })

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
  await source.append(createStreamId('order', 'zoe'), [placed], { expectedVersion: 'any' })
  await source.tombstone(createStreamId('order', 'zoe'), { expectedVersion: 'any', reason: 'zoe asked' })
  const key = new Uint8Array(32).fill(3)
  const anonymizer = createAnonymizer({
    types: { placed: { email: suppress(), id: mask() } },
    streamKey: pseudonym({ key }),
  })
  expect(await anonymizer.copy(source, target, { batchSize: 2 })).toEqual({ copied: 3, dropped: 1 })
  const copied = await collect(decodeEvents(target.readAll(), createEventDecoder()))
  expect(copied.map(({ data }) => data)).toEqual(Array.from({ length: 3 }, () => ({ id: '****', amount: 5 })))
  expect(copied[0]?.streamId).toBe(copied[2]?.streamId)
  expect(copied.map(({ version }) => version)).toEqual([1, 1, 2])
  expect(JSON.stringify(copied)).not.toMatch(/xavi|yoko|zoe/)
  await expect(anonymizer.copy(source, target)).rejects.toMatchObject({
    code: 'ERR_CONFIGURATION',
    setting: 'target',
  })
})
