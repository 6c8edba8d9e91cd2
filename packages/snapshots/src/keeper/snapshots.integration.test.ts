import { createIdFactory, createStreamId } from '@millrace/contracts'
import type { Snapshot, SnapshotStore, StreamId } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { account } from '../../fixtures/account.ts'
import type { AccountState } from '../../fixtures/account.ts'
import { foldedAt } from '../../fixtures/folded.ts'
import { openFolder } from '../../fixtures/open-folder.ts'
import { XorSealing } from '../../fixtures/xor-sealing.ts'
import { defineSnapshots } from '../policy/define-snapshots.ts'
import type { SnapshotDefinition } from '../policy/define-snapshots.ts'
import { createSnapshots } from './create-snapshots.ts'
import type { SnapshotsOptions } from './create-snapshots.ts'
import type { SnapshotFact } from './snapshot-fact.ts'
import type { Snapshots } from './snapshots.ts'

const definition = defineSnapshots({ category: 'account', decider: account, schemaVersion: 2 })
const mint = createIdFactory()
const stateOf = (cents: number): AccountState => ({ cents: BigInt(cents), openedAt: null, byMonth: {} })

interface Bench extends AsyncDisposable {
  readonly store: SnapshotStore
  readonly streamId: StreamId
  readonly facts: SnapshotFact[]
  readonly make: (
    options?: Partial<SnapshotsOptions>,
    other?: SnapshotDefinition<AccountState>,
  ) => Snapshots<AccountState>
}

async function openBench(): Promise<Bench> {
  const folder = await openFolder()
  const facts: SnapshotFact[] = []
  const onFact = (fact: SnapshotFact): number => facts.push(fact)
  return {
    store: folder.store,
    streamId: createStreamId('account', mint()),
    facts,
    make: (options = {}, other = definition) =>
      createSnapshots(other, { store: folder.store, onFact, ...options }),
    [Symbol.asyncDispose]: async () => await folder[Symbol.asyncDispose](),
  }
}

/** Changes what is stored of a snapshot, as a hand or a disk would. */
async function tamper(
  { store, streamId }: Bench,
  change: (snapshot: Snapshot) => Partial<Snapshot>,
): Promise<void> {
  const snapshot = await store.latest(streamId, { name: 'account' })
  if (snapshot === undefined) throw new Error('nothing is saved')
  await store.save({ ...snapshot, ...change(snapshot) })
}

const kinds = (facts: readonly SnapshotFact[]): string[] => facts.map(({ kind }) => kind)

test('a state that was saved is found, with the place it belongs to', async () => {
  await using bench = await openBench()
  const { streamId, facts } = bench
  const snapshots = bench.make()
  expect(await snapshots.find(streamId)).toBeUndefined()
  const folded = foldedAt(5, stateOf(12))
  expect(await snapshots.save(streamId, folded)).toMatchObject({ kind: 'saved', snapshot: { version: 5 } })
  expect(await snapshots.find(streamId)).toEqual(folded)
  expect(await snapshots.find(streamId, { atOrBelow: 4 })).toBeUndefined()
  expect(kinds(facts)).toEqual(['saved', 'used'])
  expect(snapshots.counts).toMatchObject({ saved: 1, used: 1, invalid: 0 })
})

test('the retention keeps the newest, and 0 keeps all', async () => {
  await using bench = await openBench()
  const { streamId, facts } = bench
  const versions = async (): Promise<number[]> =>
    (await bench.store.list(streamId)).map(({ version }) => version)
  const keeping = bench.make({ retention: 0 })
  for (let version = 1; version <= 13; version++) await keeping.save(streamId, foldedAt(version, stateOf(1)))
  expect(await versions()).toHaveLength(13)
  await bench.make({ retention: 3 }).save(streamId, foldedAt(14, stateOf(1)))
  expect(await versions()).toEqual([14, 13, 12])
  expect(facts.at(-1)).toMatchObject({ kind: 'pruned', count: 11 })
  const byDefault = bench.make()
  for (let version = 15; version <= 30; version++)
    await byDefault.save(streamId, foldedAt(version, stateOf(1)))
  expect(await versions()).toHaveLength(10)
})

test('a snapshot is due whenever a multiple of the threshold is passed', async () => {
  await using bench = await openBench()
  const [hundred, own, never] = [
    bench.make(),
    bench.make(
      {},
      defineSnapshots({ category: 'account', decider: account, schemaVersion: 2, threshold: 3 }),
    ),
    bench.make({ threshold: 0 }),
  ]
  const due = (snapshots: Snapshots<AccountState>): number[] =>
    Array.from({ length: 301 }, (_, version) => version + 1).filter((v) => snapshots.isDue(v - 1, v))
  expect(due(hundred)).toEqual([100, 200, 300])
  expect(due(own)).toHaveLength(100)
  expect(due(never)).toEqual([])
  expect(hundred.isDue(95, 104)).toBe(true)
  expect(hundred.isDue(100, 199)).toBe(false)
})

test('what a load folded is saved in the background once it is long enough', async () => {
  await using bench = await openBench()
  const { streamId, store } = bench
  await using snapshots = bench.make({ threshold: 10 })
  snapshots.offer(streamId, foldedAt(9, stateOf(1)), 9)
  await snapshots.settled()
  expect(await store.list(streamId)).toEqual([])
  snapshots.offer(streamId, foldedAt(10, stateOf(1)), 10)
  // One at a time: the second is left out.
  snapshots.offer(streamId, foldedAt(30, stateOf(1)), 20)
  await snapshots.settled()
  expect((await store.list(streamId)).map(({ version }) => version)).toEqual([10])
})

test('a corrupt snapshot is told, removed, and replaced by the next state that is offered', async () => {
  await using bench = await openBench()
  const { streamId, facts, store } = bench
  const snapshots = bench.make()
  await snapshots.save(streamId, foldedAt(5, stateOf(12)))
  await tamper(bench, () => ({
    state: Buffer.from('{"cents":{"$bigint":"13"},"openedAt":null,"byMonth":{}}'),
  }))
  expect(await snapshots.find(streamId)).toBeUndefined()
  expect(facts.at(-1)).toMatchObject({ kind: 'invalid', fault: 'corrupt', version: 5, name: 'account' })
  expect(await store.list(streamId)).toEqual([])
  snapshots.offer(streamId, foldedAt(6, stateOf(14)), 6)
  await snapshots.settled()
  expect(await snapshots.find(streamId)).toMatchObject({ version: 6, state: { cents: 14n } })
  snapshots.offer(streamId, foldedAt(7, stateOf(14)), 1)
  await snapshots.settled()
  expect(snapshots.counts).toMatchObject({ saved: 2, invalid: 1, unavailable: 0 })
})

test('an outdated snapshot is told and replaced, and stays for a release that knows it', async () => {
  await using bench = await openBench()
  const { streamId, facts, store } = bench
  const earlier = defineSnapshots({ category: 'account', decider: account, schemaVersion: 1 })
  const [old, current] = [bench.make({}, earlier), bench.make()]
  await old.save(streamId, foldedAt(50, stateOf(1)))
  expect(await current.find(streamId)).toBeUndefined()
  expect(facts.at(-1)).toMatchObject({ kind: 'invalid', fault: 'outdated', version: 50 })
  current.offer(streamId, foldedAt(50, stateOf(2)), 50)
  await current.settled()
  expect(await current.find(streamId)).toMatchObject({ version: 50, state: { cents: 2n } })
  expect(await old.find(streamId)).toMatchObject({ version: 50, state: { cents: 1n } })
  // Two releases at once take turns and do not get into each other's way.
  await old.save(streamId, foldedAt(60, stateOf(3)))
  expect(await current.find(streamId)).toMatchObject({ version: 50, state: { cents: 2n } })
  expect(current.counts.invalid).toBe(1)
  expect(await store.list(streamId)).toHaveLength(3)
})

test('a snapshot that is not of this stream is removed', async () => {
  await using bench = await openBench()
  const { streamId, facts, store } = bench
  const snapshots = bench.make()
  const folded = foldedAt(5, stateOf(12))
  await snapshots.save(streamId, folded)
  await snapshots.refuse(streamId, folded)
  expect(facts.at(-1)).toMatchObject({ kind: 'invalid', fault: 'foreign', version: 5 })
  expect(await store.list(streamId)).toEqual([])
})

test('a sealed snapshot goes with its key, and stays where no sealing is configured', async () => {
  await using bench = await openBench()
  const { streamId, facts, store } = bench
  const sealing = new XorSealing()
  sealing.keys.set('ada', 'k')
  const [snapshots, unable] = [bench.make({ sealing }), bench.make()]
  await snapshots.save(streamId, foldedAt(5, stateOf(12), ['ada']))
  expect(await unable.find(streamId)).toBeUndefined()
  expect(await snapshots.find(streamId)).toMatchObject({ state: { cents: 12n }, subjects: ['ada'] })
  sealing.keys.delete('ada')
  expect(await snapshots.find(streamId)).toBeUndefined()
  expect(facts.at(-1)).toMatchObject({ kind: 'invalid', fault: 'erased' })
  expect(await store.list(streamId)).toEqual([])
  snapshots.offer(streamId, foldedAt(6, stateOf(12), ['ada']), 6)
  await snapshots.settled()
  expect(facts.at(-1)).toMatchObject({ kind: 'skipped', reason: 'sealing' })
  expect(await store.list(streamId)).toEqual([])
})

test('a store that is away makes nothing fail', async () => {
  await using bench = await openBench()
  const { streamId, facts } = bench
  const away = new Error('away')
  const gone = new Proxy(bench.store, {
    get: () => async () => {
      throw away
    },
  })
  const snapshots = bench.make({ store: gone, threshold: 1 })
  expect(await snapshots.find(streamId)).toBeUndefined()
  snapshots.offer(streamId, foldedAt(6, stateOf(12)), 6)
  await snapshots.refuse(streamId, foldedAt(6, stateOf(12)))
  await snapshots.settled()
  expect(facts.filter(({ kind }) => kind === 'unavailable')).toHaveLength(3)
  expect(facts[0]).toMatchObject({ error: away })
  await expect(snapshots.save(streamId, foldedAt(6, stateOf(12)))).rejects.toBe(away)
})

test('one that is asked for by version is there, or the answer says what is wrong', async () => {
  await using bench = await openBench()
  const { streamId } = bench
  const snapshots = bench.make()
  await snapshots.save(streamId, foldedAt(5, stateOf(12)))
  expect(await snapshots.read(streamId)).toMatchObject({ version: 5 })
  expect(await snapshots.read(streamId, 5)).toMatchObject({ version: 5 })
  await expect(snapshots.read(streamId, 6)).rejects.toMatchObject({
    code: 'ERR_SNAPSHOT_NOT_FOUND',
    version: 6,
  })
  await tamper(bench, ({ state }) => ({ state: state.subarray(1) }))
  await expect(snapshots.read(streamId, 5)).rejects.toMatchObject({
    code: 'ERR_INVALID_SNAPSHOT',
    fault: 'corrupt',
  })
})

test('verification judges every snapshot and changes none', async () => {
  await using bench = await openBench()
  const { streamId, store } = bench
  const snapshots = bench.make()
  for (const version of [1, 2, 3]) await snapshots.save(streamId, foldedAt(version, stateOf(version)))
  const earlier = defineSnapshots({ category: 'account', decider: account, schemaVersion: 1 })
  await bench.make({}, earlier).save(streamId, foldedAt(1, stateOf(1)))
  await tamper(bench, () => ({ state: Buffer.from('null') }))
  const verdicts = await snapshots.verify(streamId, {
    fold: async (version) => stateOf(version === 2 ? 7 : version),
  })
  expect(verdicts.map(({ version, schemaVersion, verdict }) => [version, schemaVersion, verdict])).toEqual([
    [3, 2, 'corrupt'],
    [2, 2, 'differs'],
    [1, 2, 'valid'],
    [1, 1, 'outdated'],
  ])
  expect((await snapshots.verify(streamId))[1]).toMatchObject({ verdict: 'valid', reason: undefined })
  expect(await store.list(streamId)).toHaveLength(4)
})

test.each<[setting: string, options: object]>([
  ['threshold', { threshold: -1 }],
  ['retention', { retention: 1.5 }],
  ['checksum', { checksum: 'md5' }],
  ['checksum', { checksum: 'crc' }],
  ['compression', { compression: 'brotli' }],
  ['compression', { compression: true }],
])('a bad setting is refused by its name: %s %j', async (setting, options) => {
  await using bench = await openBench()
  expect(() => bench.make(options)).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION', setting }))
})
