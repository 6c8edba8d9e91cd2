import { createManagement, openApp } from '@millrace/app'
import type { App, EventView, Management } from '@millrace/app'
import { createStreamId } from '@millrace/contracts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { createBank, deposit } from '../support/bank.ts'
import { eventually, placeKinds, preparedPlace } from '../support/places.ts'
import type { Place } from '../support/places.ts'
import { serveApp } from '../support/served-shop.ts'
import { cart, createShop, event } from '../support/shop.ts'

const invalid = (field: string): unknown => expect.objectContaining({ code: 'ERR_INVALID_VALUE', field })
const badCursor: unknown = expect.objectContaining({ code: 'ERR_INVALID_CURSOR' })

const firstOf = (events: AsyncIterable<EventView>): Promise<unknown> => events[Symbol.asyncIterator]().next()

describe.each(placeKinds)('management of an app (%s)', (kind) => {
  const shop = createShop()
  let place: Place
  let app: App
  let management: Management

  beforeAll(async () => {
    place = await preparedPlace(kind)
    app = await openApp(shop.definition, { env: place.env })
    management = createManagement(app)
    await app.store.append(cart('1'), [event('opened', 1), event('filled', 2), event('filled', 3)], {
      expectedVersion: 'any',
    })
    await app.store.append(cart('2'), [event('opened', 4)], { expectedVersion: 'any' })
    await app.store.append(cart('3'), [event('opened', 5)], { expectedVersion: 'any' })
  })
  afterAll(async () => {
    await app[Symbol.asyncDispose]()
    await place[Symbol.asyncDispose]()
  })

  const numbers = (events: readonly EventView[]): unknown[] =>
    events.map(({ data }) => (data as { n: number }).n)

  test('streams come in pages, ordered by id', async () => {
    const first = await management.listStreams({ limit: 2, category: 'cart' })
    expect(first.streams.map(({ id, version, category }) => [id, version, category])).toEqual([
      ['cart-1', 3, 'cart'],
      ['cart-2', 1, 'cart'],
    ])
    const second = await management.listStreams({ category: 'cart', limit: 2, cursor: first.next ?? '' })
    expect(second).toMatchObject({ streams: [{ id: 'cart-3', tombstonedAt: null }], next: null })
    expect(JSON.parse(JSON.stringify(second))).toEqual(second)
    expect((await management.listStreams({ limit: 3, category: 'cart' })).next).toBeNull()
  })

  test('the events of a stream come in pages, both ways', async () => {
    const first = await management.readStream('cart-1', { limit: 2 })
    expect(numbers(first?.events ?? [])).toEqual([1, 2])
    const second = await management.readStream('cart-1', { limit: 2, cursor: first?.next ?? '' })
    expect([numbers(second?.events ?? []), second?.next]).toEqual([[3], null])
    const newest = await management.readStream('cart-1', { limit: 2, direction: 'backwards' })
    expect(numbers(newest?.events ?? [])).toEqual([3, 2])
    const rest = await management.readStream('cart-1', { direction: 'backwards', cursor: newest?.next ?? '' })
    expect(numbers(rest?.events ?? [])).toEqual([1])
    expect(
      numbers((await management.readStream('cart-1', { fromVersion: 2, toVersion: 2 }))?.events ?? []),
    ).toEqual([2])
  })

  test('a stream that never was is undefined', async () => {
    expect(await management.readStream('cart-none')).toBeUndefined()
  })

  test('events are found by type, correlation and time, in pages both ways', async () => {
    const opened = await management.searchEvents({ types: ['opened'], limit: 2 })
    expect(numbers(opened.events)).toEqual([1, 4])
    expect(
      numbers((await management.searchEvents({ types: ['opened'], cursor: opened.next ?? '' })).events),
    ).toEqual([5])
    const newest = await management.searchEvents({ categories: ['cart'], direction: 'backwards', limit: 4 })
    expect(numbers(newest.events)).toEqual([5, 4, 3, 2])
    const rest = await management.searchEvents({
      categories: ['cart'],
      direction: 'backwards',
      cursor: newest.next ?? '',
    })
    expect(numbers(rest.events)).toEqual([1])
    expect(numbers((await management.searchEvents({ correlationId: 'order-4' })).events)).toEqual([4])
    expect((await management.searchEvents({ causationId: 'none' })).events).toEqual([])
    const at = newest.events[0]?.occurredAt ?? ''
    expect(numbers((await management.searchEvents({ from: at, to: at })).events)).toContain(5)
    expect((await management.searchEvents({ to: '2001-01-01' })).events).toEqual([])
  })

  test('bad values are refused by name', async () => {
    await expect(management.listStreams({ limit: 0 })).rejects.toEqual(invalid('limit'))
    await expect(management.readStream('nonsense')).rejects.toMatchObject({ code: 'ERR_INVALID_STREAM_NAME' })
    await expect(management.readStream('cart-1', { fromVersion: 0 })).rejects.toEqual(invalid('fromVersion'))
    await expect(management.searchEvents({ from: 'yesterday' })).rejects.toEqual(invalid('from'))
    await expect(management.searchEvents({ types: ['a b'] })).rejects.toEqual(invalid('type'))
    await expect(management.pauseProcessor('orders', '')).rejects.toEqual(invalid('by'))
    await expect(management.retryDeadLetter('x', { by: 'ann', waitMs: -1 })).rejects.toEqual(
      invalid('waitMs'),
    )
    await expect(firstOf(management.tail({ types: ['a b'] }))).rejects.toEqual(invalid('type'))
    await expect(firstOf(management.tail({ after: 'nowhere' }))).rejects.toEqual(invalid('after'))
  })

  test('cursors of another query, and invented ones, are refused', async () => {
    const { next } = await management.searchEvents({ types: ['opened'], limit: 1 })
    await expect(management.searchEvents({ cursor: next ?? '' })).rejects.toEqual(badCursor)
    await expect(management.listStreams({ cursor: next ?? '' })).rejects.toEqual(badCursor)
    await expect(management.deliveries({ cursor: 'invented' })).rejects.toEqual(badCursor)
    await expect(management.deadLetters({ cursor: 'invented' })).rejects.toEqual(badCursor)
    await expect(management.readStream('cart-1', { cursor: 'invented' })).rejects.toEqual(badCursor)
  })

  test('a cursor that was tampered with is refused', async () => {
    const tamper = (cursor: string): string => {
      const bytes = Buffer.from(cursor, 'base64url')
      const at = bytes.length >> 1
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
      return bytes.toString('base64url')
    }
    const events = await management.searchEvents({ limit: 1 })
    await expect(management.searchEvents({ cursor: tamper(events.next ?? '') })).rejects.toEqual(badCursor)
    const stream = await management.readStream('cart-1', { limit: 1 })
    await expect(management.readStream('cart-1', { cursor: tamper(stream?.next ?? '') })).rejects.toEqual(
      badCursor,
    )
  })

  test('a tail resumes inside a commit and follows what is appended', async () => {
    const all = await management.searchEvents({ categories: ['cart'] })
    const stop = new AbortController()
    const seen: EventView[] = []
    const following = (async () => {
      const query = {
        after: all.events[0]?.position ?? '',
        categories: ['cart', 'followed'],
        signal: stop.signal,
      }
      for await (const one of management.tail(query)) seen.push(one)
    })()
    await eventually(
      () => seen,
      ({ length }) => length === 4,
    )
    await app.store.append(cart('4'), [event('opened', 6)], { expectedVersion: 'any' })
    await eventually(
      () => seen,
      ({ length }) => length === 5,
    )
    stop.abort()
    await following
    expect(numbers(seen)).toEqual([2, 3, 4, 5, 6])
  })

  test('a tail without a position begins at the head', async () => {
    const stop = new AbortController()
    const seen: EventView[] = []
    const following = (async () => {
      for await (const one of management.tail({ signal: stop.signal })) seen.push(one)
    })()
    // When exactly the head is read cannot be seen from outside: something is appended until it was.
    await eventually(
      async () => {
        await app.store.append(cart('5'), [event('opened', 7)], { expectedVersion: 'any' })
        return seen
      },
      ({ length }) => length > 0,
    )
    stop.abort()
    await following
    expect(new Set(numbers(seen))).toEqual(new Set([7]))
  })

  test('processors are paused and resumed, and what does not exist is false', async () => {
    expect(await management.pauseProcessor('counts', 'ann')).toBe(true)
    const paused = await management.status()
    expect(paused).toMatchObject({ status: 'degraded', reasons: ['processor counts is paused'] })
    expect(await management.resumeProcessor('counts', 'ann')).toBe(true)
    await eventually(
      () => management.status(),
      ({ status }) => status === 'ok',
    )
    expect(await management.pauseProcessor('none', 'ann')).toBe(false)
    expect(await management.resumeProcessor('none', 'ann')).toBe(false)
  })

  test('an idle app is ok, its processors have caught up', async () => {
    const status = await eventually(
      () => management.status(),
      ({ processors }) => processors.every(({ lag }) => lag.records === 0),
    )
    expect(status).toMatchObject({ app: 'shop', status: 'ok', reasons: [], mode: 'run', storage: { kind } })
    expect(status.processors.map(({ name, state }) => [name, state])).toEqual(
      expect.arrayContaining([
        ['orders', 'running'],
        ['counts', 'running'],
      ]),
    )
    expect(JSON.parse(JSON.stringify(status))).toEqual(status)
    expect(await management.processors()).toHaveLength(2)
  })

  test('a delivery that fails for good is a dead letter; its retry reports the truth', async () => {
    shop.failing.on = true
    await app.store.append(cart('6'), [event('ordered', 8), event('ordered', 9)], { expectedVersion: 'any' })
    const { deadLetters } = await eventually(
      () => management.deadLetters({ kind: 'delivery', processor: 'orders' }),
      (page) => page.deadLetters.length === 2,
    )
    const [first, second] = deadLetters.map(({ id }) => id)
    const letter = await management.deadLetter(first ?? '')
    expect(letter).toMatchObject({
      kind: 'delivery',
      action: 'send',
      tries: 1,
      attempts: [{ statusCode: 400, outcome: 'failed' }],
    })
    expect(JSON.parse(JSON.stringify(letter))).toEqual(letter)
    const status = await management.status()
    expect(status).toMatchObject({ status: 'degraded', reasons: ['processor orders has 2 dead letters'] })

    expect(await management.retryDeadLetter(first ?? '', { by: 'ann' })).toMatchObject({
      outcome: 'failed',
      attempts: 2,
    })
    shop.failing.on = false
    expect(await management.retryDeadLetter(first ?? '', { by: 'ann' })).toMatchObject({
      outcome: 'delivered',
      attempts: 3,
    })
    expect(shop.delivered).toEqual([first])
    expect(await management.delivery(first ?? '')).toMatchObject({ state: 'delivered', attemptsLeft: 0 })

    expect(await management.removeDeadLetter(second ?? '', 'ann')).toBe(true)
    expect(await management.removeDeadLetter(second ?? '', 'ann')).toBe(false)
    expect(await management.deadLetter(second ?? '')).toBeUndefined()
    expect(await management.retryDeadLetter(second ?? '', { by: 'ann' })).toBeUndefined()
    expect((await management.deadLetters()).deadLetters).toEqual([])
  })

  test('a retry of a paused processor says that it waits', async () => {
    shop.failing.on = true
    await app.store.append(cart('7'), [event('ordered', 10)], { expectedVersion: 'any' })
    const { deadLetters } = await eventually(
      () => management.deadLetters(),
      (page) => page.deadLetters.length === 1,
    )
    const id = deadLetters[0]?.id ?? ''
    shop.failing.on = false
    await management.pauseProcessor('orders', 'ann')
    expect(await management.retryDeadLetter(id, { by: 'ann' })).toMatchObject({
      outcome: 'waiting',
      reason: expect.stringContaining('paused') as unknown,
    })
    await management.resumeProcessor('orders', 'ann')
    await eventually(
      () => management.delivery(id),
      (delivery) => delivery?.state === 'delivered',
    )
  })

  test('a parked record is listed, retried and handled', async () => {
    shop.failing.on = true
    await app.store.append(cart('8'), [event('poison', 11)], { expectedVersion: 'any' })
    const { deadLetters } = await eventually(
      () => management.deadLetters({ kind: 'parked' }),
      (page) => page.deadLetters.length === 1,
    )
    const [parked] = deadLetters
    expect(parked).toMatchObject({
      kind: 'parked',
      action: null,
      reason: expect.stringContaining('cannot be handled') as unknown,
      record: { data: { n: 11 } },
    })
    expect(await management.retryDeadLetter(parked?.id ?? '', { by: 'ann' })).toMatchObject({
      outcome: 'failed',
    })
    shop.failing.on = false
    expect(await management.retryDeadLetter(parked?.id ?? '', { by: 'ann' })).toMatchObject({
      outcome: 'delivered',
    })
    expect((await management.deadLetters()).deadLetters).toEqual([])
  })

  test('deliveries come in pages, newest first', async () => {
    const first = await management.deliveries({ state: 'delivered', processor: 'orders', limit: 1 })
    expect(first.deliveries).toHaveLength(1)
    const second = await management.deliveries({
      state: 'delivered',
      processor: 'orders',
      limit: 1,
      cursor: first.next ?? '',
    })
    expect(second.deliveries[0]?.id).not.toBe(first.deliveries[0]?.id)
    expect(await management.delivery('none')).toBeUndefined()
  })
})

test('a store that is away is down, and status says why', async () => {
  await using place = await preparedPlace('postgres')
  await using app = await openApp(createShop().definition, { env: place.env, mode: 'run' })
  const management = createManagement(app)
  await app.database[Symbol.asyncDispose]()
  const status = await management.status()
  expect(status).toMatchObject({ status: 'down', storage: { head: null }, processors: [] })
  expect(status.reasons).toHaveLength(1)
})

test('the state of a stream is shown at any version, with what is masked left out', async () => {
  await using place = await preparedPlace()
  await using app = await openApp(createBank().definition, { env: place.env })
  await using served = await serveApp(app)
  await deposit(app.store, 'a', 1, 2, 3)
  await deposit(app.store, 'gone', 1)
  const other = createStreamId('order', '1')
  await app.store.append(other, [{ type: 'placed', data: {} }], { expectedVersion: 'any' })
  const ask = async (path: string): Promise<readonly [number, unknown]> => {
    const response = await fetch(`${served.running.url}/api/streams/${path}`)
    return [response.status, await response.json()]
  }
  const state = (version: number, cents: number): object => ({
    streamId: 'account-a',
    version,
    states: [{ name: 'account', state: { cents } }],
  })
  expect(await ask('account-a/states?version=2')).toEqual([200, state(2, 3)])
  expect(await ask('account-a/states')).toEqual([200, state(3, 6)])
  expect(await ask('account-a/states?version=99')).toEqual([200, state(3, 6)])
  expect(await ask(`${other}/states`)).toEqual([200, { streamId: other, version: 1, states: [] }])
  await app.store.tombstone(createStreamId('account', 'gone'), { expectedVersion: 1, reason: 'closed' })
  expect(await ask('account-gone/states')).toMatchObject([404, { error: { code: 'ERR_NOT_FOUND' } }])
  expect(await ask('account-none/states')).toMatchObject([404, { error: { code: 'ERR_NOT_FOUND' } }])
  expect(await ask('account-a/states?version=0')).toMatchObject([400, { error: { field: 'version' } }])
  expect(await ask('nonsense/states')).toMatchObject([400, {}])
  const masked: unknown[] = []
  const mask = <Value>(value: Value): Value => {
    masked.push(value)
    return value
  }
  await createManagement({ ...app, mask }).states('account-a')
  expect(masked).toEqual([{ cents: 6 }])
})
