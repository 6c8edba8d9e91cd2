import { createAggregates, createStateReader, fold } from '@millrace/aggregates'
import { createStreamId, decodeEvents, jsonSerializer, StreamNotFoundError } from '@millrace/contracts'
import type { EventStore, Snapshot, SnapshotStore, StoredEvent } from '@millrace/contracts'
import { openMemorySnapshots, openMemoryStore } from '@millrace/memory'
import { createSnapshots } from '@millrace/snapshots'
import type { SnapshotFact, SnapshotsOptions } from '@millrace/snapshots'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { account, accountSnapshots, deposit } from './support/account.ts'
import type { AccountEvent, AccountState } from './support/account.ts'
import { Clock } from './support/clock.ts'

const streamId = createStreamId('account', '1')

async function storedEvents(store: EventStore): Promise<StoredEvent[]> {
  const all: StoredEvent[] = []
  for await (const event of store.read(streamId)) all.push(event)
  return all
}

/** The plain fold of some events: what everything here is compared with. */
async function folded(events: readonly StoredEvent[]): Promise<AccountState> {
  const source = (async function* () {
    yield* events
  })()
  const envelopes: AccountEvent[] = []
  for await (const envelope of decodeEvents(source)) envelopes.push(envelope as never)
  return fold(account, envelopes)
}

/** The versions before the first that came later. */
function prefix(
  events: readonly StoredEvent[],
  by: 'occurredAt' | 'recordedAt',
  time: Date,
): readonly StoredEvent[] {
  const end = events.findIndex((event) => event[by].getTime() > time.getTime())
  return end < 0 ? events : events.slice(0, end)
}

/** The same values, and the same order of members. */
function expectSame(actual: AccountState, expected: AccountState): void {
  expect(actual).toEqual(expected)
  expect(jsonSerializer.serialize(actual)).toBe(jsonSerializer.serialize(expected))
}

async function openBench() {
  const clock = new Clock()
  const store = await openMemoryStore({ now: clock.now })
  const saved = openMemorySnapshots()
  const facts: SnapshotFact[] = []
  const start = (options: Partial<SnapshotsOptions> = {}) => {
    const snapshots = createSnapshots(accountSnapshots, {
      store: saved,
      now: clock.now,
      onFact: (fact) => facts.push(fact),
      ...options,
    })
    const accounts = createAggregates({ store, category: 'account', decider: account, snapshots })
    return { accounts, snapshots }
  }
  return { clock, store, saved, facts, start }
}

async function tamper(saved: SnapshotStore, change: (snapshot: Snapshot) => Partial<Snapshot>) {
  const newest = await saved.latest(streamId, { name: 'account' })
  if (newest === undefined) return
  await saved.save({ ...newest, ...change(newest) })
}

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('deposit' as const),
      cents: fc.nat(1000),
      from: fc.constantFrom('zoe', 'ada', '7'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('withdraw' as const), cents: fc.nat(800) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('clock' as const), ms: fc.integer({ min: -500, max: 2000 }) }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'restart' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'corrupt' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'foreign' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'outdated' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'take' as const }) },
)

describe('a state', () => {
  test('that is loaded with snapshots is the fold of all events, whatever happened to the snapshots', async () => {
    const seen = { used: 0, invalid: 0 }
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 60 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 0, max: 3 }),
        async (steps, threshold, retention) => {
          const { clock, store, saved, start } = await openBench()
          const settings = { threshold, retention, compression: 'zstd' } as const
          let { accounts, snapshots } = start(settings)
          for (const each of steps) {
            if (each.kind === 'deposit') await accounts.handle('1', deposit(each.cents, each.from))
            else if (each.kind === 'withdraw')
              await accounts.handle('1', { type: 'withdraw', cents: BigInt(each.cents) })
            else if (each.kind === 'clock') clock.move(each.ms)
            else if (each.kind === 'corrupt')
              await tamper(saved, ({ state }) => ({ state: state.subarray(1) }))
            else if (each.kind === 'foreign')
              await tamper(saved, () => ({ commitId: '01JD7W3M8Z0000000000000009' as never }))
            else if (each.kind === 'outdated')
              await tamper(saved, () => ({ eventVersions: { MoneyDeposited: 9 } }))
            else if (each.kind === 'take' && (await store.exists(streamId))) await accounts.takeSnapshot('1')
            await snapshots.settled()
            if (each.kind === 'restart') ({ accounts, snapshots } = start(settings))
          }
          const events = await storedEvents(store)
          const fresh = start(settings)
          const loaded = await fresh.accounts.load('1')
          expect(loaded.version).toBe(events.length)
          expectSame(loaded.state, await folded(events))
          await fresh.snapshots.settled()
          for (const by of ['occurredAt', 'recordedAt'] as const)
            for (const event of events.filter((_, i) => i % 3 === 0))
              for (const offset of [-1, 0, 1]) {
                const instant = new Date(event[by].getTime() + offset)
                const past = prefix(events, by, instant)
                const { state, version } = await start(settings).accounts.stateAt('1', instant, { by })
                expect(version).toBe(past.length)
                expectSame(state, await folded(past))
              }
          seen.used += fresh.snapshots.counts.used
          seen.invalid += fresh.snapshots.counts.invalid
        },
      ),
      { numRuns: 60 },
    )
    // A run that never met a snapshot proves nothing.
    expect(seen.used).toBeGreaterThan(5)
    expect(seen.invalid).toBeGreaterThan(0)
  })

  test('is loaded from the snapshot before it and the events after that, and no others', async () => {
    const { store, start } = await openBench()
    const { accounts, snapshots } = start()
    for (let n = 1; n <= 250; n++) await accounts.handle('1', deposit(n))
    await snapshots.settled()
    const reads: (number | undefined)[] = []
    const watched = new Proxy(store, {
      get: (target, name) =>
        name === 'read'
          ? (...[id, options]: Parameters<EventStore['read']>) => {
              reads.push(options?.fromVersion)
              return target.read(id, options)
            }
          : (Reflect.get(target, name) as unknown),
    })
    const { snapshots: fresh } = start()
    const reader = createStateReader({ store: watched, decider: account, snapshots: fresh })
    expect((await reader.load(streamId)).version).toBe(250)
    expect((await reader.load(streamId, { toVersion: 199 })).version).toBe(199)
    expect((await reader.load(streamId, { toVersion: 99 })).version).toBe(99)
    expect(reads).toEqual([200, 100, 1])
  })

  test('before the first event is the initial one, and of a stream that is not there an error', async () => {
    const { clock, store, start } = await openBench()
    const { accounts } = start()
    await expect(accounts.stateAt('1', clock.date)).rejects.toThrow(StreamNotFoundError)
    await accounts.handle('1', deposit(1))
    expect(await accounts.stateAt('1', new Date(clock.time - 1))).toMatchObject({
      version: 0,
      state: { movements: 0 },
    })
    expect(await accounts.stateAt('1', clock.date)).toMatchObject({ version: 1 })
    await store.tombstone(streamId, { expectedVersion: 'any', reason: 'closed' })
    await expect(accounts.stateAt('1', clock.date)).rejects.toThrow(StreamNotFoundError)
    await expect(accounts.takeSnapshot('1')).rejects.toThrow(StreamNotFoundError)
    for (const [instant, options] of [
      [new Date(Number.NaN), {}],
      [clock.date, { by: 'takenAt' }],
    ] as const)
      await expect(accounts.stateAt('1', instant, options as never)).rejects.toMatchObject({
        code: 'ERR_INVALID_VALUE',
      })
  })

  test('of a stream that was tombstoned is not brought back by its snapshot, which is removed', async () => {
    const { store, saved, start, facts } = await openBench()
    await start().accounts.handle('1', deposit(5))
    await start().accounts.takeSnapshot('1')
    await store.tombstone(streamId, { expectedVersion: 'any', reason: 'closed' })
    expect(await start().accounts.load('1')).toMatchObject({ version: 0, state: { movements: 0 } })
    expect(facts.at(-1)).toMatchObject({ kind: 'invalid', fault: 'foreign', version: 1 })
    expect(await saved.list(streamId)).toEqual([])
  })
})

describe('a snapshot', () => {
  test.each([
    ['corrupt', ({ state }: Snapshot) => ({ state: state.map((byte) => byte ^ 1) })],
    ['corrupt', ({ state }: Snapshot) => ({ state: state.subarray(0, 4) })],
    ['outdated', () => ({ eventVersions: { MoneyWithdrawn: 1 } })],
    ['foreign', () => ({ commitId: '01JD7W3M8Z0000000000000009' as never })],
  ] as const)('that is %s is counted, costs a full replay, and is replaced', async (fault, change) => {
    const { saved, start, facts } = await openBench()
    const first = start()
    for (let n = 0; n < 12; n++) await first.accounts.handle('1', deposit(n))
    await first.accounts.takeSnapshot('1')
    await tamper(saved, change)
    const { accounts, snapshots } = start()
    expect((await accounts.load('1')).state.movements).toBe(12)
    await snapshots.settled()
    expect(facts.filter(({ kind }) => kind === 'invalid')).toMatchObject([{ fault, version: 12 }])
    expect(snapshots.counts).toMatchObject({ invalid: 1, saved: 1 })
    const after = start()
    expect((await after.accounts.load('1')).version).toBe(12)
    expect(after.snapshots.counts).toMatchObject({ invalid: 0, used: 1 })
  })

  test('is taken in the background every so many events, by commands, in parts too', async () => {
    const { saved, start } = await openBench()
    const { accounts, snapshots } = start({ threshold: 10, retention: 0 })
    for (let n = 0; n < 25; n++) {
      await accounts.handle('1', deposit(n))
      await snapshots.settled()
    }
    const parts = await accounts.handleInParts(
      '1',
      function* () {
        for (let n = 0; n < 30; n++) yield { type: 'MoneyDeposited', data: { cents: 1n, from: 'x' } } as const
      },
      { eventsPerCommit: 7 },
    )
    if (parts.kind === 'rejected') throw new Error('it was rejected')
    let recorded = 0
    for await (const { version } of parts.stream) {
      await snapshots.settled()
      recorded = version
    }
    expect(recorded).toBe(55)
    await snapshots.settled()
    // Parts end at 32, 39, 46, 53 and 55.
    expect((await saved.list(streamId)).map(({ version }) => version)).toEqual([53, 46, 32, 20, 10])
  })

  test('changes nothing about a command that comes again, however long ago', async () => {
    const { start } = await openBench()
    const settings = { threshold: 5 }
    const { accounts, snapshots } = start(settings)
    const commandId = '01JD7W3M8Z0000000000000001'
    const first = await accounts.handle('1', deposit(7), { commandId })
    for (let n = 0; n < 20; n++) await accounts.handle('1', deposit(n))
    await snapshots.settled()
    const again = await start(settings).accounts.handle('1', deposit(7), { commandId })
    expect(again).toMatchObject({ kind: 'accepted', version: first.version, replayed: true })
    const rejected = await start(settings).accounts.handle(
      '1',
      { type: 'withdraw', cents: 1_000_000n },
      { commandId },
    )
    expect(rejected).toMatchObject({ kind: 'accepted', version: first.version, replayed: true })
  })

  test('that cannot be saved, and a store that is away, fail no command', async () => {
    const { store, facts } = await openBench()
    const away = new Proxy(openMemorySnapshots(), {
      get: () => async () => {
        throw new Error('away')
      },
    })
    const snapshots = createSnapshots(accountSnapshots, {
      store: away,
      threshold: 1,
      onFact: (fact) => facts.push(fact),
    })
    const accounts = createAggregates({
      store,
      category: 'account',
      decider: account,
      snapshots,
      cacheSize: 0,
    })
    for (let n = 1; n <= 3; n++) expect((await accounts.handle('1', deposit(n))).kind).toBe('accepted')
    await snapshots.settled()
    expect(snapshots.counts.unavailable).toBeGreaterThanOrEqual(4)
    await expect(accounts.takeSnapshot('1')).rejects.toThrow('away')
    const without = createAggregates({ store, category: 'account', decider: account })
    await expect(without.takeSnapshot('1')).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED' })
  })
})
