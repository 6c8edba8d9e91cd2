import { describe, expect, inject, test } from 'vitest'

import { freshName } from '../../fixtures/names.ts'
import { facts, freshStream, openRawStore } from '../../fixtures/raw-store.ts'
import { inspectJetStream, openJetStreamStore } from '../store/open-jetstream-store.ts'
import type { JetStreamStoreOptions } from '../store/open-jetstream-store.ts'

const servers = (): string => inject('servers').nats

describe('a store that is opened', () => {
  test('by several at once has one log', async () => {
    const name = freshName('many')
    const stores = await Promise.all(
      Array.from({ length: 8 }, async () => await openJetStreamStore({ servers: servers(), name })),
    )
    const generations = await Promise.all(stores.map(async ({ log }) => (await log.head()).generation))
    expect(new Set(generations).size).toBe(1)
    for (const store of stores) await store[Symbol.asyncDispose]()
  })

  test('keeps its settings, and takes new ones where they may be changed', async () => {
    await using raw = await openRawStore({ maxBytes: 10_000_000 })
    expect(await raw.store.health()).toMatchObject({ maxBytes: 10_000_000, replicas: [] })
    await using again = await raw.reopen({ maxBytes: 20_000_000 })
    expect(await again.health()).toMatchObject({ maxBytes: 20_000_000 })
    await expect(raw.reopen({ storage: 'memory' })).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringContaining('storage is "file", not "memory"') as string,
    })
  })

  test('takes over an empty stream of its name, and no other', async () => {
    await using raw = await openRawStore()
    const name = freshName('empty')
    await raw.link.api(`STREAM.CREATE.${name}`, { name, subjects: [`${name}.es.*.*.*`], discard: 'new' })
    await using store = await openJetStreamStore({ servers: servers(), name })
    expect(await store.append(freshStream(), facts(1), { expectedVersion: 0 })).toMatchObject({ version: 1 })
    const other = freshName('other')
    await raw.link.api(`STREAM.CREATE.${other}`, { name: other, subjects: [`${other}.es.*.*.*`] })
    await raw.link.request({ subject: `${other}.es.1.2.3`, payload: 'mine' })
    await expect(openJetStreamStore({ servers: servers(), name: other })).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringContaining('choose another name') as string,
    })
  })

  test('on an empty stream that several take over at once has one log', async () => {
    await using raw = await openRawStore()
    for (let round = 0; round < 10; round++) {
      const name = freshName('taken')
      await raw.link.api(`STREAM.CREATE.${name}`, { name, subjects: [`${name}.es.*.*.*`], discard: 'new' })
      const stores = await Promise.all(
        Array.from({ length: 8 }, async () => await openJetStreamStore({ connection: raw.connection, name })),
      )
      await using last = await openJetStreamStore({ connection: raw.connection, name })
      const generations = await Promise.all(
        [...stores, last].map(async ({ log }) => (await log.head()).generation),
      )
      expect(new Set(generations).size).toBe(1)
      for (const store of stores) await store[Symbol.asyncDispose]()
      await raw.link.api(`STREAM.DELETE.${name}`)
    }
  })

  test('beside another stream that has its subjects is refused', async () => {
    await using raw = await openRawStore()
    const name = freshName('taken')
    await raw.link.api(`STREAM.CREATE.${name}_x`, { name: `${name}_x`, subjects: [`${name}.>`] })
    await expect(openJetStreamStore({ servers: servers(), name })).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      setting: 'name',
    })
  })

  test('with more replicas than there are servers is refused', async () => {
    const store = openJetStreamStore({ servers: servers(), name: freshName('three'), replicas: 3 })
    await expect(store).rejects.toMatchObject({ code: 'ERR_CONFIGURATION', setting: 'replicas' })
    await using raw = await openRawStore()
    await expect(raw.reopen({ replicas: 3 })).rejects.toMatchObject({ setting: 'replicas' })
  })

  test('without leave to change anything refuses what is missing or differs', async () => {
    const name = freshName('refused')
    const options = { servers: servers(), name, provision: 'refuse' } as const
    await expect(openJetStreamStore(options)).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: `name: the JetStream stream ${name} does not exist`,
    })
    await using raw = await openRawStore()
    await using same = await raw.reopen({ provision: 'refuse' })
    expect(same.capabilities).toEqual({ multiStreamCommits: true })
    await expect(raw.reopen({ provision: 'refuse', maxBytes: 9_000_000 })).rejects.toMatchObject({
      message: expect.stringContaining('max_bytes is -1, not 9000000') as string,
    })
  })

  test.each([
    ['patienceMs', 0],
    ['requestTimeoutMs', 1.5],
    ['connectTimeoutMs', -1],
    ['provision', 'maybe'],
    ['source', 'a b'],
    ['name', 'a.b'],
    ['replicas', 4],
    ['maxEventBytes', 0],
  ])('with %s of %j is refused before anything is asked', async (setting, value) => {
    const options = { servers: servers(), name: freshName('bad'), [setting]: value } as JetStreamStoreOptions
    await expect(openJetStreamStore(options)).rejects.toMatchObject({ code: 'ERR_CONFIGURATION', setting })
  })
})

describe('what opening would change', () => {
  test('is told without changing it', async () => {
    const name = freshName('dry')
    const target = { servers: servers(), name }
    expect(await inspectJetStream(target)).toMatchObject({ kind: 'create', config: { name, discard: 'new' } })
    expect(await inspectJetStream(target)).toMatchObject({ kind: 'create' })
    await using raw = await openRawStore()
    expect(await inspectJetStream({ servers: servers(), name: raw.name })).toEqual({ kind: 'keep' })
    expect(await inspectJetStream({ servers: servers(), name: raw.name, maxBytes: 5_000_000 })).toEqual({
      kind: 'change',
      differences: [{ field: 'max_bytes', actual: -1, wanted: 5_000_000, safe: true }],
    })
    expect(await inspectJetStream({ connection: raw.connection, name: raw.name })).toEqual({ kind: 'keep' })
  })
})

describe('a stream that is replaced while its store is open', () => {
  test('is noticed when the connection comes back', async () => {
    await using raw = await openRawStore()
    const { store, link, name, connection } = raw
    const id = freshStream()
    await store.append(id, facts(1), { expectedVersion: 0 })
    await link.api(`STREAM.DELETE.${name}`)
    await using next = await raw.reopen()
    await connection.reconnect()
    const { generation } = await next.log.head()
    await expect
      .poll(async () => await store.currentVersion(id).catch((error: unknown) => error))
      .toMatchObject({ code: 'ERR_LOG_REPLACED', actual: generation })
    await expect(store.append(id, facts(1), { expectedVersion: 'any' })).rejects.toMatchObject({
      code: 'ERR_LOG_REPLACED',
    })
  })

  test('is noticed by an append to a stream that was known', async () => {
    await using raw = await openRawStore()
    const { store, link, name } = raw
    const id = freshStream()
    await store.append(id, facts(1), { expectedVersion: 0 })
    await store.append(id, facts(1), { expectedVersion: 1 })
    await link.api(`STREAM.DELETE.${name}`)
    await using next = await raw.reopen()
    await expect(store.append(id, facts(1), { expectedVersion: 2 })).rejects.toMatchObject({
      code: 'ERR_LOG_REPLACED',
    })
    expect(await next.exists(id)).toBe(false)
  })

  test('is noticed by the number an append is given', async () => {
    await using raw = await openRawStore()
    const { store, link, name } = raw
    for (let n = 0; n < 3; n++) await store.append(freshStream(), facts(1), { expectedVersion: 0 })
    await link.api(`STREAM.DELETE.${name}`)
    await using next = await raw.reopen()
    const { generation } = await next.log.head()
    await expect(store.append(freshStream(), facts(1), { expectedVersion: 0 })).rejects.toMatchObject({
      code: 'ERR_LOG_REPLACED',
      actual: generation,
    })
  })

  test.each(['append', 'commit', 'tombstone'] as const)(
    'by a copy of itself that has lost its end is noticed by the number of %s, and for good',
    async (work) => {
      await using raw = await openRawStore()
      const { link, name } = raw
      for (let n = 0; n < 3; n++) await raw.store.append(freshStream(), facts(1), { expectedVersion: 0 })
      // Has written nothing itself: it goes by what was there when it was opened.
      await using store = await raw.reopen()
      const { config } = await link.api<{ readonly config: object }>(`STREAM.INFO.${name}`)
      await link.api(`STREAM.DELETE.${name}`)
      await link.api(`STREAM.CREATE.${name}`, config)
      const id = freshStream()
      if (work === 'tombstone') await (await raw.reopen()).append(id, facts(1), { expectedVersion: 0 })
      const writes = [id, freshStream()].map((streamId) => ({
        streamId,
        events: facts(1),
        expectedVersion: 0,
      }))
      const works = {
        append: async () => await store.append(id, facts(1), { expectedVersion: 0 }),
        commit: async () => await store.commit(writes),
        tombstone: async () => await store.tombstone(id, { expectedVersion: 1, reason: 'asked' }),
      }
      const replaced = {
        code: 'ERR_LOG_REPLACED',
        cause: { message: expect.stringContaining('has lost its end') as string },
      }
      await expect(works[work]()).rejects.toMatchObject(replaced)
      await expect(store.append(id, facts(1), { expectedVersion: 'any' })).rejects.toMatchObject(replaced)
      expect(() => store.read(id)).toThrow(expect.objectContaining({ code: 'ERR_LOG_REPLACED' }))
    },
  )

  test('is told from one that is missing for a moment', async () => {
    await using raw = await openRawStore()
    const { store, link, name, connection } = raw
    const { config } = await link.api<{ readonly config: object }>(`STREAM.INFO.${name}`)
    await link.api(`STREAM.DELETE.${name}`)
    await connection.reconnect()
    // The first look after the reconnect is answered before this is.
    await store.health().catch(() => undefined)
    await link.api(`STREAM.CREATE.${name}`, config)
    await expect
      .poll(async () => await store.append(freshStream(), facts(1), { expectedVersion: 0 }).catch(() => 'x'))
      .toMatchObject({ version: 1 })
  })
})
