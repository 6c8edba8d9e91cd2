import { createAggregates, defineDecider } from '@millrace/aggregates'
import type { Aggregates, AggregatesOptions, DefinedDecider } from '@millrace/aggregates'
import { ConcurrencyError, createStreamId, createStreamNaming, parseStreamId } from '@millrace/contracts'
import type { Envelope, EventStore } from '@millrace/contracts'
import { openMemoryStore } from '@millrace/memory'
import { describe, expect, test } from 'vitest'

import { collect, upTo } from './support/collect.ts'
import { Locker, locker } from './support/locker.ts'
import type { LockerCommand, LockerState } from './support/locker.ts'
import { watched } from './support/watched-store.ts'

type Decider = DefinedDecider<LockerState, LockerCommand, typeof Locker>
type Settings = Partial<AggregatesOptions<LockerState, LockerCommand, typeof Locker>>
type Lockers = Aggregates<LockerState, LockerCommand, typeof Locker>

const id = '7'
const streamId = createStreamId('locker', id)
const stamp: LockerCommand = { type: 'stamp', by: 'Ada' }
const fill: LockerCommand = { type: 'fill' }

function lockersOn(store: EventStore, settings: Settings = {}): Lockers {
  return createAggregates({ store, category: 'locker', decider: locker, ...settings })
}

describe('an accepted command', () => {
  test('is told what was recorded, and where', async () => {
    await using store = await openMemoryStore()
    const lockers = lockersOn(store)
    await lockers.handle(id, stamp)
    const result = await lockers.handle(id, fill)
    const [, last] = await collect(store.read(streamId))
    expect(result).toMatchObject({
      kind: 'accepted',
      streamId,
      version: 2,
      events: [Locker.ItemPut({ item: 'filler 1', place: 1 })],
      position: last?.position,
      commandId: undefined,
      replayed: false,
    })
  })

  test('may lead to nothing, which records nothing', async () => {
    await using store = await openMemoryStore()
    const lockers = lockersOn(store)
    await lockers.handle(id, { type: 'put', item: 'coat' })
    const result = await lockers.handle(id, { type: 'put', item: 'coat' })
    expect(result).toMatchObject({ kind: 'accepted', version: 1, events: [], position: undefined })
    expect('stream' in result && (await collect(result.stream))).toEqual([])
    expect(await store.currentVersion(streamId)).toBe(1)
  })

  test('may lead to nothing on a stream that does not exist, which is not made by it', async () => {
    await using store = await openMemoryStore()
    const idle = { ...locker, decide: () => [] }
    const result = await lockersOn(store, { decider: idle }).handle(id, fill)
    expect(result).toMatchObject({ kind: 'accepted', version: 0, events: [] })
    expect('stream' in result && (await collect(result.stream))).toEqual([])
    expect(await store.exists(streamId)).toBe(false)
  })

  test('streams its events as they were recorded and then ends, as often as it is asked', async () => {
    await using store = await openMemoryStore()
    const both = { ...locker, decide: () => [Locker.Locked(), Locker.Unlocked()] }
    await lockersOn(store).handle(id, fill)
    const result = await lockersOn(store, { decider: both }).handle(id, fill)
    await lockersOn(store).handle(id, fill)
    if (result.kind === 'rejected') throw new Error('the command was to be accepted')
    for (let i = 0; i < 2; i++) {
      const events = await collect(result.stream)
      expect(events.map(({ type, version }) => [type, version])).toEqual([
        ['Locked', 2],
        ['Unlocked', 3],
      ])
      expect(events.at(-1)?.position).toEqual(result.position)
    }
  })

  test('reads no event of its stream before it is asked for', async () => {
    await using memory = await openMemoryStore()
    let pulled = 0
    const counting: EventStore = new Proxy(memory, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target)
        if (typeof value !== 'function') return value
        const method = value.bind(target) as (...parameters: unknown[]) => AsyncIterable<unknown>
        if (key !== 'read') return method
        return async function* read(...parameters: unknown[]) {
          for await (const event of method(...parameters)) {
            pulled += 1
            yield event
          }
        }
      },
    })
    const many = { ...locker, decide: () => upTo(100).map((n) => Locker.Stamped({ by: `clerk ${n}` })) }
    const result = await lockersOn(counting, { decider: many }).handle(id, fill)
    if (result.kind === 'rejected') throw new Error('the command was to be accepted')
    expect(pulled).toBe(0)
    const events = result.stream[Symbol.asyncIterator]()
    await events.next()
    await events.next()
    expect(pulled).toBe(2)
    await events.return?.()
    expect(pulled).toBe(2)
  })
})

describe('a refused command', () => {
  test('is told why, and at which version; nothing is recorded', async () => {
    await using store = await openMemoryStore()
    const lockers = lockersOn(store)
    const refused = { kind: 'rejected', streamId, rejection: { code: 'not-locked' }, commandId: undefined }
    expect(await lockers.handle(id, { type: 'unlock' })).toMatchObject({ ...refused, version: 0 })
    expect(await store.exists(streamId)).toBe(false)
    await lockers.handle(id, fill)
    expect(await lockers.handle(id, { type: 'unlock' })).toMatchObject({ ...refused, version: 1 })
  })

  test('is never refused for what has passed: another process unlocked what this one believes locked', async () => {
    await using store = await openMemoryStore()
    const [here, there] = [lockersOn(store), lockersOn(store)]
    await here.handle(id, { type: 'lock' })
    await there.handle(id, { type: 'unlock' })
    expect(await here.handle(id, fill)).toMatchObject({ kind: 'accepted', version: 3 })
    await there.handle(id, { type: 'lock' })
    expect(await here.handle(id, fill)).toMatchObject({ kind: 'rejected', version: 4 })
  })

  test('throws nothing, while a broken decider does', async () => {
    await using store = await openMemoryStore()
    const broken = (): never => {
      throw new RangeError('broken')
    }
    const lockers = lockersOn(store, { decider: { ...locker, decide: broken } })
    await expect(lockers.handle(id, fill)).rejects.toThrow(RangeError)
    await lockersOn(store).handle(id, fill)
    await expect(lockers.handle(id, fill)).rejects.toThrow(RangeError)
    expect(await store.currentVersion(streamId)).toBe(1)
  })
})

describe('a cached state', () => {
  test('needs no reading, and is confirmed by the append', async () => {
    await using memory = await openMemoryStore()
    const { store, watch } = watched(memory)
    const lockers = lockersOn(store)
    await lockers.handle(id, fill)
    const calls = watch()
    await lockers.handle(id, fill)
    expect(calls).toEqual([{ kind: 'append', events: 1, options: { expectedVersion: 1 } }])
  })

  test('that is old costs the tail of the stream, not the whole', async () => {
    await using memory = await openMemoryStore()
    const { store, watch } = watched(memory)
    const [here, there] = [lockersOn(store), lockersOn(memory)]
    for (let i = 0; i < 5; i++) await here.handle(id, fill)
    await there.handle(id, fill)
    const calls = watch()
    expect(await here.handle(id, fill)).toMatchObject({
      version: 7,
      events: [{ data: { item: 'filler 7', place: 7 } }],
    })
    expect(calls).toEqual([
      { kind: 'append', events: 1, options: { expectedVersion: 5 } },
      { kind: 'read', options: { fromVersion: 5 } },
      { kind: 'append', events: 1, options: { expectedVersion: 6 } },
    ])
  })

  test('is brought up to date by a load, which reads the tail', async () => {
    await using memory = await openMemoryStore()
    const { store, watch } = watched(memory)
    const lockers = lockersOn(store)
    await lockers.handle(id, fill)
    await lockersOn(memory).handle(id, stamp)
    const calls = watch()
    const { version, state } = await lockers.load(id)
    expect([version, state]).toEqual([2, { items: ['filler 1'], stamps: ['Ada'], isLocked: false }])
    expect(calls).toEqual([{ kind: 'read', options: { fromVersion: 1 } }])
  })

  test('of a stream that is another one by now is thrown away', async () => {
    await using first = await openMemoryStore()
    await using second = await openMemoryStore()
    let current = first
    const swapped = new Proxy(first, {
      get: (_, key) => {
        const value: unknown = Reflect.get(current, key, current)
        return typeof value === 'function' ? (value.bind(current) as unknown) : value
      },
    })
    const lockers = lockersOn(swapped)
    await lockers.handle(id, fill)
    await lockersOn(second).handle(id, stamp)
    current = second
    expect((await lockers.load(id)).state).toEqual({ items: [], stamps: ['Ada'], isLocked: false })
  })

  test('makes room for the ones used later, and may be switched off', async () => {
    await using memory = await openMemoryStore()
    const { store, watch } = watched(memory)
    const kept = async (settings: Settings): Promise<number> => {
      const lockers = lockersOn(store, settings)
      for (const one of ['a', 'b']) await lockers.handle(one, fill)
      const calls = watch()
      for (const one of ['b', 'a']) await lockers.handle(one, fill)
      return calls.filter(({ kind }) => kind === 'read').length
    }
    expect([await kept({}), await kept({ cacheSize: 1 }), await kept({ cacheSize: 0 })]).toEqual([0, 1, 2])
  })
})

describe('a command that meets other writers', () => {
  test('is decided anew each time, up to a bound', async () => {
    await using memory = await openMemoryStore()
    const watching = watched(memory)
    const other = lockersOn(memory)
    watching.beforeAppend = async () => void (await other.handle(id, stamp))
    const lockers = lockersOn(watching.store, { retry: { maxAttempts: 5, maxDelayMs: 1 } })
    const calls = watching.watch()
    await expect(lockers.handle(id, fill)).rejects.toMatchObject({
      name: 'AggregateContendedError',
      code: 'ERR_AGGREGATE_CONTENDED',
      retryable: true,
      streamId,
      attempts: 5,
      cause: { code: 'ERR_CONCURRENCY' },
    })
    expect(calls.filter(({ kind }) => kind === 'append')).toHaveLength(5)
    watching.beforeAppend = () => {}
    expect(await lockers.handle(id, fill)).toMatchObject({ kind: 'accepted', version: 6 })
  })

  test('gives up when its caller does', async () => {
    await using memory = await openMemoryStore()
    const watching = watched(memory)
    const stop = new AbortController()
    watching.beforeAppend = () => {
      stop.abort(new Error('enough'))
      throw new ConcurrencyError({ streamId, expected: 'no-stream', actual: 1 })
    }
    const lockers = lockersOn(watching.store, { retry: { minDelayMs: 60_000, maxDelayMs: 60_000 } })
    const handled = lockers.handle(id, fill, { signal: stop.signal })
    await expect(handled).rejects.toThrow('enough')
    await expect(lockers.handle(id, fill, { signal: stop.signal })).rejects.toThrow('enough')
    await expect(lockers.load(id, { signal: stop.signal })).rejects.toThrow('enough')
  })

  test('of the same process waits for them: of two hundred none is refused by the store', async () => {
    await using memory = await openMemoryStore()
    const { store, watch } = watched(memory)
    const lockers = lockersOn(store)
    const calls = watch()
    const results = await Promise.all(upTo(200).map(async () => await lockers.handle(id, fill)))
    expect(results.map(({ version }) => Number(version))).toEqual(upTo(200))
    expect(calls.filter(({ kind }) => kind === 'append')).toHaveLength(200)
    expect((await lockers.load(id)).state.items).toEqual(upTo(200).map((n) => `filler ${n}`))
  })

  test('of another aggregate does not wait', async () => {
    await using memory = await openMemoryStore()
    const watching = watched(memory)
    const held = Promise.withResolvers<void>()
    watching.beforeAppend = async (stream) => {
      if (stream === streamId) await held.promise
    }
    const lockers = lockersOn(watching.store)
    const waiting = lockers.handle(id, fill)
    expect(await lockers.handle('8', fill)).toMatchObject({ version: 1 })
    held.resolve()
    expect(await waiting).toMatchObject({ version: 1 })
  })

  test('is not held up by one that failed', async () => {
    await using memory = await openMemoryStore()
    const watching = watched(memory)
    watching.beforeAppend = () => {
      watching.beforeAppend = () => {}
      throw new Error('the store is ill')
    }
    const lockers = lockersOn(watching.store)
    const [first, second] = await Promise.allSettled([lockers.handle(id, fill), lockers.handle(id, fill)])
    expect([first.status, second]).toMatchObject(['rejected', { status: 'fulfilled', value: { version: 1 } }])
  })
})

describe('metadata', () => {
  const written = async (store: EventStore): Promise<Envelope['metadata'] | undefined> =>
    (await collect(store.read(streamId))).at(-1)?.metadata

  test('of a command without an id goes to its events', async () => {
    await using store = await openMemoryStore()
    const lockers = lockersOn(store)
    await lockers.handle(id, fill)
    expect(await written(store)).toEqual({})
    await lockers.handle(id, fill, { metadata: { tenant: 'north' } })
    expect(await written(store)).toEqual({ tenant: 'north' })
  })

  test('of a command with an id is inherited by its events, whose cause it is', async () => {
    await using store = await openMemoryStore()
    const commandId = '01JD7W3M8Z0000000000000001'
    const metadata = { correlationId: 'talk', causationId: 'before', tenant: 'north', custom: { shift: 2 } }
    await lockersOn(store).handle(id, fill, { commandId, metadata })
    expect(await written(store)).toEqual({ ...metadata, causationId: commandId })
    await lockersOn(store).handle(id, fill, { commandId: '01JD7W3M8Z0000000000000002' })
    expect(await written(store)).toEqual({
      correlationId: '01JD7W3M8Z0000000000000002',
      causationId: '01JD7W3M8Z0000000000000002',
    })
  })

  test('is inherited from what led to the command', async () => {
    await using store = await openMemoryStore()
    const cause = { id: 'event 1', metadata: { correlationId: 'talk', tenant: 'north' } }
    await lockersOn(store).handle(id, fill, { cause })
    expect(await written(store)).toEqual({ correlationId: 'talk', causationId: 'event 1', tenant: 'north' })
    const commandId = '01JD7W3M8Z0000000000000003'
    await lockersOn(store).handle(id, fill, { cause, commandId, metadata: { tenant: 'south' } })
    expect(await written(store)).toEqual({ correlationId: 'talk', causationId: commandId, tenant: 'south' })
  })

  test('of a bad kind is refused before anything is written', async () => {
    await using store = await openMemoryStore()
    const lockers = lockersOn(store)
    await expect(lockers.handle(id, fill, { commandId: 'order 7' })).rejects.toMatchObject({
      code: 'ERR_INVALID_VALUE',
      field: 'options.commandId',
    })
    await expect(lockers.handle(id, fill, { metadata: { tenant: '' } })).rejects.toMatchObject({
      field: 'metadata.tenant',
    })
    expect(await store.exists(streamId)).toBe(false)
  })
})

describe('events', () => {
  const deciding = (decide: () => unknown): Decider => ({ ...locker, decide: decide as Decider['decide'] })

  test('made by hand get the schema version of their definition', async () => {
    await using store = await openMemoryStore()
    const lockers = lockersOn(store, { decider: deciding(() => [{ type: 'Stamped', data: { by: 'Bob' } }]) })
    expect(await lockers.handle(id, fill)).toMatchObject({ events: [{ schemaVersion: 2 }] })
    expect((await lockersOn(store).load(id)).state.stamps).toEqual(['Bob'])
  })

  test.each([
    [
      'of another schema version',
      () => [{ type: 'Stamped', schemaVersion: 1, data: { by: 'B' } }],
      'ERR_INVALID_VALUE',
    ],
    ['of no defined type', () => [{ type: 'Painted', data: {} }], 'ERR_UNKNOWN_EVENT_VERSION'],
    ['that are no list', () => 'Stamped', 'ERR_INVALID_VALUE'],
  ])('%s are refused before anything is written', async (_, decide, code) => {
    await using store = await openMemoryStore()
    const handled = lockersOn(store, { decider: deciding(decide) }).handle(id, fill)
    await expect(handled).rejects.toMatchObject({ code })
    expect(await store.exists(streamId)).toBe(false)
  })

  test('that cannot be evolved are not recorded: their stream could never be loaded again', async () => {
    await using store = await openMemoryStore()
    const fragile = defineDecider(Locker, {
      initial: () => 0,
      decide: () => [Locker.Locked()],
      evolve: {
        ItemPut: (state) => state,
        Stamped: (state) => state,
        Unlocked: (state) => state,
        Locked: () => {
          throw new RangeError('no lock')
        },
      },
    })
    const lockers = createAggregates({ store, category: 'locker', decider: fragile })
    await expect(lockers.handle(id, {})).rejects.toThrow('no lock')
    expect(await store.exists(streamId)).toBe(false)
  })

  test('of a past schema are lifted on their way, and without an upcaster are an error', async () => {
    await using store = await openMemoryStore()
    await store.append(streamId, [{ type: 'Stamped', data: 'Ada' }], { expectedVersion: 'any' })
    const decoding = {
      upcast: (envelope: Envelope) =>
        envelope.schemaVersion === 1
          ? [{ ...envelope, schemaVersion: 2, data: { by: envelope.data } }]
          : [envelope],
    }
    const lockers = lockersOn(store, { decoding })
    expect((await lockers.load(id)).state.stamps).toEqual(['Ada'])
    const result = await lockers.handle(id, stamp)
    expect('stream' in result && (await collect(result.stream))).toMatchObject([{ data: { by: 'Ada' } }])
    await expect(lockersOn(store).load(id)).rejects.toMatchObject({
      code: 'ERR_UNKNOWN_EVENT_VERSION',
      eventType: 'Stamped',
      schemaVersion: 1,
    })
    await expect(lockersOn(store).handle(id, fill)).rejects.toMatchObject({
      code: 'ERR_UNKNOWN_EVENT_VERSION',
    })
  })

  test('are validated on their way where that is asked for', async () => {
    await using store = await openMemoryStore()
    const broken = { type: 'ItemPut', data: { item: 'coat', place: 'left' } }
    await store.append(streamId, [broken], { expectedVersion: 'any' })
    await expect(lockersOn(store, { validate: true }).load(id)).rejects.toMatchObject({
      code: 'ERR_EVENT_SERIALIZATION',
    })
    expect((await lockersOn(store).load(id)).state.items).toEqual(['coat'])
  })

  test('with ids of their own name the commit, which is recorded once', async () => {
    await using store = await openMemoryStore()
    const event = Locker.Stamped({ by: 'Ada' }, { id: '01JD7W3M8Z0000000000000004' as never })
    const lockers = lockersOn(store, { decider: deciding(() => [event]) })
    const first = await lockers.handle(id, fill)
    await lockersOn(store).handle(id, fill)
    const again = await lockers.handle(id, fill)
    expect(again).toMatchObject({
      version: 1,
      position: 'position' in first && first.position,
      replayed: true,
    })
  })
})

describe('where streams are named', () => {
  test('by another rule, commands go by that rule', async () => {
    await using store = await openMemoryStore()
    const naming = createStreamNaming()
    const streamIdOf = (key: string) => naming({ context: 'station', type: 'locker', id: key })
    const lockers = createAggregates({ store, streamIdOf, decider: locker })
    expect(await lockers.handle(id, fill)).toMatchObject({ streamId: parseStreamId('station-locker-7') })
  })

  test('a bad id is refused', async () => {
    await using store = await openMemoryStore()
    const refused = { code: 'ERR_INVALID_STREAM_NAME', field: 'key' }
    await expect(lockersOn(store).handle(' ', fill)).rejects.toMatchObject(refused)
    await expect(lockersOn(store).load('')).rejects.toMatchObject(refused)
  })
})

test.each([
  ['category', { category: 'Locker' }],
  ['cacheSize', { cacheSize: -1 }],
  ['cacheSize', { cacheSize: 1.5 }],
  ['retry.maxAttempts', { retry: { maxAttempts: 0 } }],
])('a bad setting is refused: %s of %j', async (setting, settings) => {
  await using store = await openMemoryStore()
  expect(() => lockersOn(store, settings as Settings)).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION', setting }),
  )
})
