import { createAggregates, reject } from '@millrace/aggregates'
import type { Aggregates } from '@millrace/aggregates'
import { createStreamId } from '@millrace/contracts'
import type { EventStore } from '@millrace/contracts'
import { openMemoryStore } from '@millrace/memory'
import { describe, expect, test } from 'vitest'

import { collect, upTo } from './support/collect.ts'
import { Locker, locker } from './support/locker.ts'
import type { LockerCommand, LockerEvent, LockerState } from './support/locker.ts'

type Lockers = Aggregates<LockerState, LockerCommand, typeof Locker>

const id = '7'
const streamId = createStreamId('locker', id)
const commandId = '01JD7W3M8Z0000000000000001'
const lockersOn = (store: EventStore): Lockers =>
  createAggregates({ store, category: 'locker', decider: locker })

/** Fills the locker with many things, and tells how many it has made. */
function filling(count: number): { made: number; decide: (state: LockerState) => Iterable<LockerEvent> } {
  const self = {
    made: 0,
    *decide({ items }: LockerState) {
      for (const n of upTo(count)) {
        self.made += 1
        yield Locker.ItemPut({ item: `thing ${items.length + n}`, place: items.length + n })
      }
    },
  }
  return self
}

async function streamOf(
  lockers: Lockers,
  count: number,
  options: { readonly commandId?: string; readonly eventsPerCommit?: number } = {},
) {
  const result = await lockers.handleInParts(id, filling(count).decide, { eventsPerCommit: 10, ...options })
  if (result.kind === 'rejected') throw new Error('the decision was to be accepted')
  return result.stream
}

describe('a decision in parts', () => {
  test('is recorded in commits of bounded size, and yields each event as it was recorded', async () => {
    await using store = await openMemoryStore()
    const events = await collect(await streamOf(lockersOn(store), 25))
    expect(events.map(({ version }) => Number(version))).toEqual(upTo(25))
    const commits = Map.groupBy(await collect(store.read(streamId)), (event) => event.commitId)
    expect([...commits.values()].map(({ length }) => length)).toEqual([10, 10, 5])
    expect((await lockersOn(store).load(id)).state.items).toEqual(upTo(25).map((n) => `thing ${n}`))
  })

  test('is decided no further than it is read', async () => {
    await using store = await openMemoryStore()
    const fill = filling(100)
    const result = await lockersOn(store).handleInParts(id, fill.decide, { eventsPerCommit: 10 })
    if (result.kind === 'rejected') throw new Error('the decision was to be accepted')
    expect([fill.made, await store.currentVersion(streamId)]).toEqual([0, 0])
    let read = 0
    for await (const { version } of result.stream) {
      read += 1
      expect([Number(version), fill.made]).toEqual([read, Math.ceil(read / 10) * 10])
      expect(await store.currentVersion(streamId)).toBe(fill.made)
      if (read === 15) break
    }
    expect([fill.made, await store.currentVersion(streamId)]).toEqual([20, 20])
  })

  test('may be refused', async () => {
    await using store = await openMemoryStore()
    const refuse = () => reject('full', 'there is no room')
    expect(await lockersOn(store).handleInParts(id, refuse)).toMatchObject({
      kind: 'rejected',
      streamId,
      version: 0,
      rejection: { code: 'full' },
    })
    await lockersOn(store).handle(id, { type: 'fill' })
    await store.tombstone(streamId, { expectedVersion: 'any', reason: 'gone' })
    const refused = lockersOn(store).handleInParts(id, refuse)
    await expect(refused).rejects.toMatchObject({ code: 'ERR_STREAM_TOMBSTONED' })
  })

  test('goes on where it ended when its command comes again', async () => {
    await using store = await openMemoryStore()
    await lockersOn(store).handle(id, { type: 'fill' })
    const first = (await streamOf(lockersOn(store), 35, { commandId }))[Symbol.asyncIterator]()
    for (let i = 0; i < 12; i++) await first.next()
    await first.return?.()
    expect(await store.currentVersion(streamId)).toBe(21)
    for (let i = 0; i < 2; i++) {
      const events = await collect(await streamOf(lockersOn(store), 35, { commandId }))
      expect(events.map(({ version }) => Number(version))).toEqual(upTo(35).map((n) => n + 1))
    }
    const { version, state } = await lockersOn(store).load(id)
    expect(Number(version)).toBe(36)
    expect(state.items.slice(1)).toEqual(upTo(35).map((n) => `thing ${n + 1}`))
  })

  test('ends where another writer comes in between, and leaves what it recorded', async () => {
    await using store = await openMemoryStore()
    const events = (await streamOf(lockersOn(store), 35, { commandId }))[Symbol.asyncIterator]()
    for (let i = 0; i < 10; i++) await events.next()
    await lockersOn(store).handle(id, { type: 'lock' })
    await expect(events.next()).rejects.toMatchObject({
      code: 'ERR_CONCURRENCY',
      conflict: { expected: 10, actual: 11 },
    })
    expect((await lockersOn(store).load(id)).state).toMatchObject({ isLocked: true })
    expect(await store.currentVersion(streamId)).toBe(11)
  })

  test('lets commands of its own process through between its parts, and meets them as it meets others', async () => {
    await using store = await openMemoryStore()
    const lockers = lockersOn(store)
    const events = (await streamOf(lockers, 35))[Symbol.asyncIterator]()
    await events.next()
    expect(await lockers.handle(id, { type: 'lock' })).toMatchObject({ kind: 'accepted', version: 11 })
    for (let i = 1; i < 10; i++) await events.next()
    await expect(events.next()).rejects.toMatchObject({ code: 'ERR_CONCURRENCY' })
  })

  test.each([0, 1.5, 10_001])('takes no %s events a commit', async (eventsPerCommit) => {
    await using store = await openMemoryStore()
    await expect(streamOf(lockersOn(store), 5, { eventsPerCommit })).rejects.toMatchObject({
      code: 'ERR_INVALID_VALUE',
      field: 'options.eventsPerCommit',
    })
  })

  test('stops between two parts when its caller gives up', async () => {
    await using store = await openMemoryStore()
    const stop = new AbortController()
    const options = { eventsPerCommit: 1, signal: stop.signal }
    const result = await lockersOn(store).handleInParts(id, filling(5).decide, options)
    if (result.kind === 'rejected') throw new Error('the decision was to be accepted')
    const events = result.stream[Symbol.asyncIterator]()
    await events.next()
    stop.abort(new Error('enough'))
    await expect(events.next()).rejects.toThrow('enough')
    expect(await store.currentVersion(streamId)).toBe(1)
  })
})
