import { createManagement } from '@millrace/app'
import { createEventEncoder, followLog, fromCloudEvent, keyOf, toCloudEvent } from '@millrace/contracts'
import type { CloudEvent, Envelope } from '@millrace/contracts'
import { PersonV1, openPeople, handlePersonCommand, personCategory } from '@millrace/person'
import { ActionError, defineAction, defineProcessor } from '@millrace/processing'
import { describe, expect, test, vi } from 'vitest'

import { ada, command, mixedHistory, mixedToday, streamOf } from './support/events.ts'
import { eventually, fresh, personApp } from './support/person-app.ts'
import { placeKinds } from './support/place.ts'

// The embedded database takes its time on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

/** Letters are refused as long as this is set. */
const post = { closed: true, attempts: [] as string[] }

const letter = defineAction({
  name: 'letter',
  retry: { shape: 'fixed', initialMs: 5, jitter: 'none', maxAttempts: 3 },
  execute: async ({ idempotencyKey }) => {
    post.attempts.push(idempotencyKey)
    if (post.closed) throw ActionError.fromStatus(503)
    return await Promise.resolve({ statusCode: 200 })
  },
})

/** Writes a letter to everybody of the tests below who was suspended, and cannot handle what it cannot read. */
const letters = defineProcessor({
  name: 'letters',
  startFrom: 'now',
  filter: { types: ['PersonSuspended'] },
  actions: [letter],
  retry: { maxAttempts: 1 },
  handle: (batch, context) => {
    for (const event of batch)
      if (keyOf(event.streamId).startsWith('letter')) context.deliver('letter', event)
  },
})

describe.each(placeKinds)('streaming_tests on %s', (kind) => {
  const opened = personApp(kind, [letters])

  test('NATS streaming subscription: a subscriber sees what three generations write, as today, in order', async () => {
    const { store, decode } = opened()
    const stop = new AbortController()
    const after = await store.log.head()
    const seen: Envelope[] = []
    const expected = 3 * mixedToday.length
    const subscription = (async () => {
      const batches = followLog(store.log, {
        after,
        filter: { categories: [personCategory] },
        signal: stop.signal,
      })
      for await (const { records } of batches) {
        seen.push(...records.flatMap(decode))
        if (seen.length >= expected) stop.abort()
      }
    })()
    const streams = ['a', 'b', 'c'].map((name) => streamOf(fresh(name)))
    for (const event of mixedHistory)
      await Promise.all(streams.map((id) => store.append(id, [event], { expectedVersion: 'any' })))
    await subscription

    expect(seen).toHaveLength(expected)
    for (const id of streams) {
      const own = seen.filter(({ streamId }) => streamId === id)
      expect(own.map(({ type }) => type)).toEqual(mixedToday)
      expect(own.every(({ schemaVersion }) => schemaVersion === 3)).toBe(true)
    }
  })

  test('NATS streaming subscription: a subscriber that was away goes on where it was', async () => {
    const { store, decode } = opened()
    const streamId = streamOf(fresh('away'))
    const before = await store.log.head()
    await store.append(streamId, mixedHistory.slice(0, 2), { expectedVersion: 'no-stream' })
    const first = await store.log.readBatch(before)
    await store.append(streamId, mixedHistory.slice(2), { expectedVersion: 2 })
    const second = await store.log.readBatch(first.end)
    const types = [first, second].map(({ records }) => records.flatMap(decode).map(({ type }) => type))
    expect(types).toEqual([mixedToday.slice(0, 3), mixedToday.slice(3)])
  })

  test('dead letter queue: what fails is tried three times under one key, set aside, and delivered once it is retried', async () => {
    const app = opened()
    const management = createManagement(app)
    const people = openPeople(app.store)
    const personId = fresh('letter-ada')
    post.closed = true
    post.attempts.length = 0
    await handlePersonCommand(people, command({ type: 'createPerson', personId, name: ada, source: 's' }))
    await handlePersonCommand(people, command({ type: 'suspend', personId, reason: 'under review' }))

    const { deadLetters } = await eventually(
      () => management.deadLetters({ kind: 'delivery', processor: 'letters' }),
      (page) => page.deadLetters.length === 1,
    )
    const [dead] = deadLetters
    if (dead?.kind !== 'delivery') throw new Error('there is no dead letter')
    expect(dead.attempts).toHaveLength(3)
    expect(dead.reason).toContain('503')
    expect(new Set(post.attempts).size).toBe(1)

    post.closed = false
    const retried = await management.retryDeadLetter(dead.id, { by: 'clerk' })
    expect(retried).toMatchObject({ outcome: 'delivered' })
    expect(post.attempts).toHaveLength(4)
    expect((await management.deadLetters({ processor: 'letters' })).deadLetters).toEqual([])
  })

  test('dead letter queue: an event nobody can read is set aside with its reason, and those after it are handled', async () => {
    const app = opened()
    const management = createManagement(app)
    post.closed = false
    post.attempts.length = 0
    const streamId = streamOf(fresh('letter-broken'))
    const broken = { type: 'PersonDeactivated', data: { reason: 7, deactivated_at: 'yesterday' } }
    const sound = PersonV1.PersonDeactivated({ reason: 'r', deactivated_at: '2014-05-01T12:00:00Z' })
    await app.store.append(streamId, [broken], { expectedVersion: 'any' })
    await app.store.append(streamId, [sound], { expectedVersion: 'any' })

    const { deadLetters } = await eventually(
      () => management.deadLetters({ kind: 'parked', processor: 'letters' }),
      (page) => page.deadLetters.length === 1,
    )
    expect(deadLetters[0]).toMatchObject({ kind: 'parked' })
    expect(deadLetters[0]?.reason).toContain('data.reason')
    await eventually(
      async () => await Promise.resolve(post.attempts.length),
      (attempts) => attempts === 1,
    )
    await management.removeDeadLetter(deadLetters[0]?.id ?? '', 'clerk')
  })

  test('event streaming: envelopes of every generation come back as they were written', async () => {
    const { store } = opened()
    const streamId = streamOf(fresh('plain'))
    const metadata = { correlationId: 'c', tenant: 't', actor: { kind: 'user', id: 'clerk' } } as const
    await store.append(streamId, mixedHistory, { expectedVersion: 'no-stream', metadata })
    const encode = createEventEncoder()
    let index = 0
    for await (const stored of store.read(streamId)) {
      const written = mixedHistory[index++]
      if (written === undefined) throw new Error('more is read than was written')
      expect(stored.payload).toBe(encode(written).payload)
      expect(stored).toMatchObject({ type: written.type, schemaVersion: written.schemaVersion, metadata })
    }
    expect(index).toBe(mixedHistory.length)
  })

  test('event streaming: envelopes travel as CloudEvents and back', async () => {
    const { store, decode } = opened()
    const streamId = streamOf(fresh('cloud'))
    await store.append(streamId, mixedHistory, { expectedVersion: 'no-stream' })
    for await (const stored of store.read(streamId)) {
      const travelled: unknown = JSON.parse(JSON.stringify(toCloudEvent(stored, '/people')))
      expect(decode(fromCloudEvent(travelled as CloudEvent))).toEqual(decode(stored))
    }
  })
})
