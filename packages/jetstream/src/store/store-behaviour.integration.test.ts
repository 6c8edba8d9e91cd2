import type { Serializer } from '@millrace/contracts'
import { describe, expect, inject, test } from 'vitest'

import { collect, facts, freshStream, openRawStore } from '../../fixtures/raw-store.ts'
import { openJetStreamStore } from './open-jetstream-store.ts'

const serializer = (contentType: string, serialize: Serializer['serialize']): Serializer => ({
  contentType,
  serialize,
  deserialize: (payload) => payload,
})

describe('a store', () => {
  test('keeps the bytes and texts of a serializer of the user, alone and several in a message', async () => {
    const kinds = [
      ['application/octet-stream', new Uint8Array([0, 13, 10, 255])],
      ['application/x-shop', 'text, "quoted"\r\nü'],
      ['application/vnd.shop+json', '{ "n" : 1.0 }'],
    ] as const
    for (const [contentType, payload] of kinds) {
      await using raw = await openRawStore({ serializer: serializer(contentType, () => payload) })
      const { store } = raw
      const id = freshStream()
      await store.append(id, facts(1), { expectedVersion: 0 })
      await store.append(id, facts(2), { expectedVersion: 1 })
      const events = await collect(store.read(id))
      expect(events.map((event) => [event.contentType, event.payload])).toEqual(
        Array.from({ length: 3 }, () => [contentType, payload]),
      )
    }
  })

  test('writes the source it is told', async () => {
    await using raw = await openRawStore({ source: 'https://shop.example/orders' })
    const { store, leader, subjects } = raw
    const id = freshStream()
    await store.append(id, facts(1), { expectedVersion: 0 })
    const message = await leader.last(subjects.stream(id))
    expect(message?.headers).toContain('\r\nce-source: https://shop.example/orders\r\n')
  })

  test('tells how it does', async () => {
    await using raw = await openRawStore()
    const { store } = raw
    await store.append(freshStream(), facts(3), { expectedVersion: 0 })
    expect(await store.health()).toMatchObject({
      version: expect.stringMatching(/^2\.\d+\.\d+$/) as string,
      replicas: [],
      messages: 1,
      maxBytes: undefined,
    })
    expect((await store.health()).roundTripMs).toBeGreaterThan(0)
  })

  test('leaves a connection that it was given, and takes its own along', async () => {
    await using raw = await openRawStore()
    await raw.store[Symbol.asyncDispose]()
    expect(raw.connection.isClosed()).toBe(false)
    await raw.connection.flush()
    const own = await raw.reopen()
    await own.append(freshStream(), facts(1), { expectedVersion: 0 })
    await own[Symbol.asyncDispose]()
    await own[Symbol.asyncDispose]()
    await expect(own.health()).rejects.toMatchObject({ code: 'ERR_CONNECTION' })
  })

  test('that cannot be opened closes its connection', async () => {
    await using raw = await openRawStore()
    await expect(
      openJetStreamStore({ servers: inject('servers').nats, name: raw.name, storage: 'memory' }),
    ).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
  })

  test('in memory is a store like any other', async () => {
    await using raw = await openRawStore({ storage: 'memory' })
    const id = freshStream()
    await raw.store.append(id, facts(2), { expectedVersion: 0 })
    expect(await collect(raw.store.read(id))).toHaveLength(2)
  })

  test('whose stream is full refuses appends, and goes on once it may grow', async () => {
    await using raw = await openRawStore({ maxBytes: 100_000 })
    const { store } = raw
    const id = freshStream()
    const large = [{ type: 'grown', data: 'x'.repeat(40_000) }]
    await store.append(id, large, { expectedVersion: 0 })
    await store.append(id, large, { expectedVersion: 1 })
    await expect(store.append(id, large, { expectedVersion: 2 })).rejects.toMatchObject({
      code: 'ERR_STORE_FULL',
      retryable: true,
    })
    expect(await store.currentVersion(id)).toBe(2)
    await using larger = await raw.reopen({ maxBytes: 10_000_000 })
    expect(await larger.append(id, large, { expectedVersion: 2 })).toMatchObject({ version: 3 })
    expect(await store.append(id, large, { expectedVersion: 'any' })).toMatchObject({ version: 4 })
  })

  test('whose stream was deleted says so', async () => {
    await using raw = await openRawStore({ patienceMs: 3_000 })
    const { store, link, name } = raw
    const id = freshStream()
    await store.append(id, facts(1), { expectedVersion: 0 })
    await link.api(`STREAM.DELETE.${name}`)
    const gone = { code: 'ERR_CONFIGURATION', setting: 'name' }
    await expect(store.append(id, facts(1), { expectedVersion: 'any' })).rejects.toMatchObject(gone)
    await expect(store.currentVersion(id)).rejects.toMatchObject(gone)
    await expect(store.health()).rejects.toMatchObject(gone)
  })

  test('sends no more of a stream than was asked for', async () => {
    await using raw = await openRawStore()
    const { store, connection } = raw
    const id = freshStream()
    for (let version = 0; version < 60; version++)
      await store.append(id, facts(1), { expectedVersion: version })
    const received = async (options: object): Promise<number> => {
      const before = connection.stats().inMsgs
      expect(await collect(store.read(id, options))).not.toHaveLength(0)
      return connection.stats().inMsgs - before
    }
    expect(await received({ limit: 1 })).toBeLessThan(10)
    expect(await received({ limit: 10 })).toBeLessThan(20)
    expect(await received({})).toBeLessThan(70)
  })

  test('with a foreign message at the end of a stream takes no append there', async () => {
    await using raw = await openRawStore()
    const { store, link, subjects } = raw
    const id = freshStream()
    await link.request({ subject: subjects.stream(id), payload: 'not ours' })
    const corrupt = { code: 'ERR_STREAM_CORRUPT', streamId: id, sequence: 1 }
    await expect(store.append(id, facts(1), { expectedVersion: 'any' })).rejects.toMatchObject(corrupt)
    await expect(store.currentVersion(id)).rejects.toMatchObject(corrupt)
    await expect(store.describe(id)).rejects.toMatchObject(corrupt)
  })
})

describe('a list of streams', () => {
  test('has all of them, in pages, though JetStream lists them in others', async () => {
    await using raw = await openRawStore()
    const { store } = raw
    const ids = Array.from({ length: 150 }, () => freshStream())
    await Promise.all(ids.map(async (id) => await store.append(id, facts(1), { expectedVersion: 0 })))
    const listed: string[] = []
    for (let after = ''; ; after = listed.at(-1) ?? '') {
      const page = await store.listStreams({ after, limit: 40 })
      listed.push(...page.map(({ id }) => id))
      if (page.length < 40) break
    }
    expect(listed).toEqual(ids.toSorted())
    expect(await store.listStreams({ category: 'none' })).toEqual([])
  })
})
