import { createAggregates } from '@millrace/aggregates'
import type { Aggregates } from '@millrace/aggregates'
import { createIdFactory } from '@millrace/contracts'
import type { EventStore } from '@millrace/contracts'
import { openMemoryStore } from '@millrace/memory'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { collect } from './support/collect.ts'
import { locker } from './support/locker.ts'
import type { Locker, LockerCommand, LockerState } from './support/locker.ts'
import { openTarget } from './support/store-target.ts'
import type { OpenedStore } from './support/store-target.ts'
import { sharedStores, useStore } from './support/stores.ts'
import type { SharedStore } from './support/stores.ts'

type Lockers = Aggregates<LockerState, LockerCommand, typeof Locker>

const mint = createIdFactory()
const put: LockerCommand = { type: 'put', item: 'coat' }

/** What is decided the second time, although the command is the same. */
const repeats: readonly (readonly [
  what: string,
  command: LockerCommand,
  between: readonly LockerCommand[],
])[] = [
  ['nothing at all', put, [{ type: 'stamp', by: 'Ada' }]],
  ['a rejection', put, [{ type: 'lock' }]],
  ['other events', { type: 'fill' }, [{ type: 'fill' }]],
  ['the same events', { type: 'stamp', by: 'Bob' }, [{ type: 'fill' }]],
]

/** What the process that gets the command again knows of the aggregate. */
const knowledge = ['everything', 'nothing', 'only what was before'] as const

function useAnyStore(kind: SharedStore | 'memory'): () => EventStore {
  const target = kind === 'memory' ? undefined : useStore(kind)
  let opened: OpenedStore | undefined
  beforeAll(async () => {
    if (target !== undefined) opened = await openTarget(target())
    else {
      const store = await openMemoryStore()
      opened = { store, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() }
    }
  })
  afterAll(async () => await opened?.[Symbol.asyncDispose]())
  return () => {
    if (opened === undefined) throw new Error('the store is open before the tests')
    return opened.store
  }
}

describe.each(['memory', ...sharedStores] as const)('a command that comes again, %s', (kind) => {
  const store = useAnyStore(kind)
  const open = (): Lockers => createAggregates({ store: store(), category: 'locker', decider: locker })

  test.each(repeats.flatMap((repeat) => knowledge.map((known) => [...repeat, known] as const)))(
    'gets its first result where now %s would be decided (of %j after %j), by one who knows %s',
    async (_, command, between, known) => {
      const id = mint()
      const [first, second] = [open(), open()]
      await first.handle(id, { type: 'stamp', by: 'first' })
      if (known === 'only what was before') await second.load(id)
      const commandId = mint()
      const result = await first.handle(id, command, { commandId })
      if (result.kind !== 'accepted') throw new Error('the command was to be accepted')
      expect(result.replayed).toBe(false)
      for (const other of between) await first.handle(id, other)
      const { version } = await open().load(id)
      const again = await (known === 'everything' ? first : second).handle(id, command, { commandId })
      if (again.kind !== 'accepted') throw new Error('the command was accepted before')
      const { streamId, position } = result
      expect(again).toMatchObject({ streamId, position, version: result.version, commandId, replayed: true })
      expect(again.events.map(({ type, data }) => ({ type, data }))).toEqual(
        result.events.map(({ type, data }) => ({ type, data })),
      )
      expect(await collect(again.stream)).toEqual(await collect(result.stream))
      expect((await open().load(id)).version).toBe(version)
    },
  )

  test('finds its first result among many later ones', async () => {
    const [id, commandId, lockers] = [mint(), mint(), open()]
    await lockers.handle(id, put, { commandId })
    for (let i = 0; i < 40; i++) await lockers.handle(id, { type: 'fill' })
    expect(await lockers.handle(id, put, { commandId })).toMatchObject({ version: 1, replayed: true })
  })

  test('from the future finds its first result as well, or is refused', async () => {
    const [id, lockers] = [mint(), open()]
    const commandId = createIdFactory(() => Date.now() + 20_000)()
    await lockers.handle(id, put, { commandId })
    expect(await lockers.handle(id, put, { commandId })).toMatchObject({ version: 1, replayed: true })
  })

  test('was refused before and is decided anew: only what was recorded is remembered', async () => {
    const [id, commandId, lockers] = [mint(), mint(), open()]
    await lockers.handle(id, { type: 'lock' })
    expect(await lockers.handle(id, put, { commandId })).toMatchObject({
      kind: 'rejected',
      version: 1,
      rejection: { code: 'locked' },
      commandId,
    })
    await open().handle(id, { type: 'unlock' })
    expect(await lockers.handle(id, put, { commandId })).toMatchObject({ kind: 'accepted', version: 3 })
  })

  test('for another aggregate is refused', async () => {
    const [commandId, lockers] = [mint(), open()]
    const [one, other] = [mint(), mint()]
    await lockers.handle(one, { type: 'fill' }, { commandId })
    for (let i = 0; i < 2; i++) {
      const misused = lockers.handle(other, { type: 'fill' }, { commandId })
      await expect(misused).rejects.toMatchObject({ code: 'ERR_DUPLICATE_EVENT', id: commandId })
      await lockers.handle(other, { type: 'stamp', by: 'Ada' })
    }
  })

  test('many times at once is handled once', async () => {
    const [id, commandId] = [mint(), mint()]
    const [first, second] = [open(), open()]
    const results = await Promise.all(
      [first, second, first, second, first, second].map((lockers) =>
        lockers.handle(id, { type: 'fill' }, { commandId }),
      ),
    )
    expect(results.filter((result) => result.kind === 'accepted' && !result.replayed)).toHaveLength(1)
    for (const result of results) expect(result).toMatchObject({ kind: 'accepted', version: 1 })
    expect((await first.load(id)).version).toBe(1)
  })

  test('a tombstoned stream takes no command, repeated or new, and says so even where it would be refused', async () => {
    const [id, commandId, lockers] = [mint(), mint(), open()]
    const { streamId } = await lockers.handle(id, put, { commandId })
    await store().tombstone(streamId, { expectedVersion: 'any', reason: 'gone' })
    for (const some of [lockers, open()]) {
      const refused = { code: 'ERR_STREAM_TOMBSTONED', streamId }
      await expect(some.handle(id, put, { commandId })).rejects.toMatchObject(refused)
      await expect(some.handle(id, { type: 'fill' })).rejects.toMatchObject(refused)
      await expect(some.handle(id, { type: 'unlock' })).rejects.toMatchObject(refused)
      expect(await some.load(id)).toEqual({ streamId, version: 0, state: locker.initial() })
    }
  })
})
