import { createHmac } from 'node:crypto'

import { createStreamId, LogArchivedError, parseCommitId } from '@millrace/contracts'
import type { AnchorSigner, DetachOrder, EventStore, LogPartitions, StreamId } from '@millrace/contracts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { collect } from '../../fixtures/collect.ts'
import { drivers } from '../../fixtures/databases.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { openPostgresChain } from '../chain/open-postgres-chain.ts'
import { openProcessorStore } from '../processor-store/open-processor-store.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { openPostgresStore } from '../store/open-postgres-store.ts'
import { openPostgresPartitions } from './open-postgres-partitions.ts'

const any = { expectedVersion: 'any' } as const
const [old, both, young] = ['old', 'both', 'young'].map((key) => createStreamId('account', key)) as [
  StreamId,
  StreamId,
  StreamId,
]
const fact = (n: number) => ({ type: 'changed', data: { n } })
const commitId = parseCommitId('01KAEXAMQ000000000000000C1')

function signer(secret: string): AnchorSigner {
  const sign = (text: string): string => createHmac('sha256', secret).update(text).digest('base64')
  return {
    keyId: secret,
    sign,
    verify: (keyId, text, signature) => (keyId === secret ? sign(text) === signature : undefined),
  }
}

const archived = { code: 'ERR_LOG_ARCHIVED', archivedBefore: 10_000_000 }

describe.for(drivers)('partitions of the log on %s', ([, open]) => {
  let database: SqlDatabase

  beforeAll(async () => {
    database = await open()
  })
  afterAll(async () => {
    await database[Symbol.asyncDispose]()
  })

  interface Stage {
    readonly schema: string
    readonly store: EventStore
    readonly partitions: LogPartitions
    readonly order: DetachOrder
    /** Goes on behind the first partition. */
    readonly goOn: () => Promise<void>
  }

  /** Three streams: one ends in the first partition, one goes over its end, one begins behind it. */
  async function openStage({ chained = false } = {}): Promise<Stage> {
    const schema = freshSchema('detach')
    const store = await openPostgresStore({ database, schema })
    const chain = await openPostgresChain({ database, schema })
    if (chained) await chain.enable()
    await store.append(old, [fact(1), fact(2)], any)
    await store.append(both, [fact(1)], { ...any, commitId })
    await store.append(both, [fact(2), fact(3)], any)
    const archivedUpTo = await store.log.head()
    const partitions = await openPostgresPartitions({ database, schema, signer: signer('s1') })
    const order = {
      name: 'events_p0',
      archive: 'all',
      archiveHash: 'ab',
      archivedUpTo,
      events: 5,
      occurredUntil: new Date(),
      by: 'ann',
    }
    const goOn = async (): Promise<void> => {
      await database.query(`select setval('${schema}.commit_seq', 10000000)`)
      await store.append(both, [fact(4)], any)
      await store.append(young, [fact(1)], any)
    }
    return { schema, store, partitions, order, goOn }
  }

  async function detached(options?: { readonly chained: boolean }): Promise<Stage> {
    const stage = await openStage(options)
    await stage.goOn()
    await stage.partitions.detach(stage.order)
    return stage
  }

  const numbers = async (events: AsyncIterable<{ readonly version: number }>): Promise<readonly number[]> =>
    (await collect(events)).map(({ version }) => version)

  test('leave the log only oldest first, when nothing is written to them, and as far as they are archived', async () => {
    const { store, partitions, order, goOn } = await openStage()
    expect(await partitions.held('events_p0', order.archivedUpTo)).toEqual([
      'commits are still written to it',
    ])
    await expect(partitions.detach(order)).rejects.toMatchObject({
      code: 'ERR_PARTITION_HELD',
      reasons: ['commits are still written to it'],
    })
    await goOn()
    expect(await partitions.held('events_p0', order.archivedUpTo)).toEqual([])
    expect(await partitions.held('events_p1', await store.log.head())).toEqual([
      'events_p0 is older and goes first',
      'commits are still written to it',
    ])
    expect(await partitions.held('events_p7', order.archivedUpTo)).toBeUndefined()
    const tooLittle = { ...order, archivedUpTo: { ...order.archivedUpTo, commit: 2 } }
    await expect(partitions.detach(tooLittle)).rejects.toMatchObject({
      reasons: ['it has events up to commit 3, and the archive only up to 2'],
    })
    const other = { ...order, archivedUpTo: { ...order.archivedUpTo, generation: 'another' } }
    await expect(partitions.detach(other)).rejects.toMatchObject({
      reasons: ['the archive is of another log'],
    })
    await expect(partitions.drop('events_p0')).rejects.toMatchObject({ reasons: ['it is not detached'] })
    expect(new Set((await partitions.list()).map(({ state }) => state))).toEqual(new Set(['attached']))
    expect(await numbers(store.read(both))).toEqual([1, 2, 3, 4])
  })

  test('wait for the slowest processor, and for its open deliveries', async () => {
    const { schema, store, partitions, order, goOn } = await openStage()
    const processors = await openProcessorStore({ database, schema })
    const start = await store.log.beginning()
    await processors.register({ processor: 'slow', partitions: 2, log: store.log.name, start })
    await processors.register({
      processor: 'fast',
      partitions: 1,
      log: store.log.name,
      start: order.archivedUpTo,
    })
    await goOn()
    const reasons = [0, 1].map(
      (partition) => `processor slow has read up to commit 0 only (partition ${partition})`,
    )
    await expect(partitions.detach(order)).rejects.toMatchObject({ reasons })
    // The last commit there is in the partition is enough: behind it lies nothing.
    await database.execute(`update ${schema}.processor_partitions set checkpoint_commit = 3`)
    await database.execute(
      `insert into ${schema}.deliveries (id, processor, partition, epoch, action, record_id, generation, position_commit, position_index, key, state, in_flight, attempts_left, next_attempt_at)
       values ('d', 'fast', 0, 1, 'send', 'r', $1, 2, 0, 'k', 'open', false, 1, now())`,
      [start.generation],
    )
    await expect(partitions.detach(order)).rejects.toMatchObject({
      reasons: ['processor fast has 1 open deliveries of it'],
    })
    await database.execute(`delete from ${schema}.deliveries`)
    expect(await partitions.detach(order)).toMatchObject({ state: 'detached', events: 5, archive: 'all' })
  })

  test('that left are named to whoever would read them, and never skipped', async () => {
    const { store, order } = await detached()
    const beginning = await store.log.beginning()
    await expect(store.log.readBatch(beginning)).rejects.toMatchObject(archived)
    await expect(store.log.readBatch(beginning, { filter: { types: ['other'] } })).rejects.toMatchObject(
      archived,
    )
    await expect(store.log.readBatch({ ...beginning, commit: 2 })).rejects.toBeInstanceOf(LogArchivedError)
    const end = await store.log.archived?.()
    expect(end).toEqual(order.archivedUpTo)
    const { records } = await store.log.readBatch(end ?? beginning)
    expect(records.map(({ streamId, version }) => [streamId, version])).toEqual([
      [both, 4],
      [young, 1],
    ])
    await expect(collect(store.readAll())).rejects.toMatchObject(archived)
    await expect(collect(store.readAll({ direction: 'backwards' }))).rejects.toMatchObject(archived)
    expect(await numbers(store.readAll({ direction: 'backwards', limit: 2 }))).toEqual([1, 4])
    const after = order.archivedUpTo
    expect(await numbers(store.readAll({ after }))).toEqual([4, 1])
    expect(await numbers(store.readAll({ after, direction: 'backwards' }))).toEqual([1, 4])
    const middle = { ...after, index: after.index - 1 }
    await expect(collect(store.readAll({ after: middle }))).rejects.toMatchObject(archived)
  })

  test('that left are missed by no reader of a stream', async () => {
    const { store } = await detached()
    for (const stream of [old, both])
      for (const options of [
        {},
        { fromVersion: 2 },
        { direction: 'backwards' },
        { toVersion: 2, direction: 'backwards' },
      ] as const)
        await expect(collect(store.read(stream, options))).rejects.toMatchObject({
          ...archived,
          source: `stream ${stream}`,
          firstVersion: stream === both ? 4 : undefined,
        })
    expect(await numbers(store.read(both, { fromVersion: 4 }))).toEqual([4])
    expect(await numbers(store.read(both, { direction: 'backwards', limit: 1 }))).toEqual([4])
    expect(await numbers(store.read(both, { fromVersion: 4, direction: 'backwards' }))).toEqual([4])
    expect(await numbers(store.read(both, { fromVersion: 5 }))).toEqual([])
    expect(await numbers(store.read(young))).toEqual([1])
    expect(await numbers(store.read(createStreamId('account', 'never')))).toEqual([])
    const [occurredFrom, occurredUntil] = [new Date(Date.now() - 3_600_000), new Date(Date.now() + 1000)]
    await expect(collect(store.read(both, { occurredFrom }))).rejects.toMatchObject(archived)
    await expect(collect(store.read(old, { occurredUntil }))).rejects.toMatchObject(archived)
    expect(await numbers(store.read(young, { occurredFrom }))).toEqual([1])
    expect(await numbers(store.read(both, { occurredFrom: occurredUntil }))).toEqual([])
  })

  test('that left leave versions, expectations and commits as they were', async () => {
    const { store, schema } = await detached()
    expect([await store.currentVersion(old), await store.exists(old)]).toEqual([2, true])
    await expect(store.append(old, [fact(3)], { expectedVersion: 1 })).rejects.toMatchObject({
      code: 'ERR_CONCURRENCY',
      conflict: { expected: 1, actual: 2 },
    })
    expect(await store.append(old, [fact(3)], { expectedVersion: 2 })).toMatchObject({ version: 3 })
    const again = await store.append(both, [fact(1)], { ...any, commitId })
    expect(again).toMatchObject({ version: 1, replayed: true, position: { commit: 2 } })
    await expect(store.append(both, [fact(9)], { ...any, commitId })).rejects.toMatchObject({
      code: 'ERR_DUPLICATE_EVENT',
    })
    const changes = ['update :t set type = type', 'delete from :t', 'truncate :t']
    for (const change of changes)
      await expect(database.execute(change.replace(':t', `${schema}.events_p0`))).rejects.toThrow(
        'never change',
      )
  })

  test('are reached by a tombstone until they are dropped', async () => {
    const { store, schema, partitions } = await detached()
    const left = async (): Promise<unknown> =>
      (await database.query(`select count(*) as n from ${schema}.events_p0`))[0]
    expect(await left()).toEqual({ n: 5 })
    await store.tombstone(both, { ...any, reason: 'asked for' })
    expect(await left()).toEqual({ n: 2 })
    expect(await numbers(store.read(both))).toEqual([])
    expect(await partitions.drop('events_p0')).toMatchObject({ state: 'dropped', bytes: 0 })
    expect(await partitions.drop('events_p0')).toMatchObject({ state: 'dropped' })
    await store.tombstone(old, { ...any, reason: 'asked for' })
    expect(await database.query('select to_regclass($1)::text as found', [`${schema}.events_p0`])).toEqual([
      { found: null },
    ])
  })

  test('may leave while others append, who lose nothing', async () => {
    const { store, partitions, order, goOn } = await openStage()
    await goOn()
    const streams = Array.from({ length: 4 }, (_, n) => createStreamId('busy', String(n)))
    const writers = streams.map(async (stream) => {
      for (let n = 0; n < 25; n++) await store.append(stream, [fact(n)], any)
    })
    await partitions.detach(order)
    await Promise.all(writers)
    for (const stream of streams) expect(await numbers(store.read(stream))).toHaveLength(25)
  })

  describe('and the hash chain', () => {
    const chainOf = async (schema: string) =>
      await openPostgresChain({ database, schema, signer: signer('s1') })

    test('goes on from the hashes of what left, and says so', async () => {
      const { schema, store } = await detached({ chained: true })
      const report = await (await chainOf(schema)).verify()
      expect(report).toMatchObject({
        streams: 3,
        events: 2,
        archived: {
          before: 10_000_000,
          events: 5,
          streams: 1,
          boundaries: { checked: 1, unknownKey: 0 },
          faults: [],
        },
        faults: [],
      })
      await store.append(old, [fact(3)], any)
      await store.tombstone(both, { ...any, reason: 'asked for' })
      expect(await (await chainOf(schema)).verify()).toMatchObject({
        archived: { streams: 2, faults: [] },
        faults: [],
      })
      expect((await (await chainOf(schema)).verify({ streamId: old })).archived.faults).toEqual([])
      const stranger = await openPostgresChain({ database, schema, signer: signer('s2') })
      expect((await stranger.verify()).archived.boundaries).toEqual({ checked: 0, unknownKey: 1 })
    })

    test.for([
      [
        'a boundary that was moved over events that are missing',
        [
          'update :s.archived_partitions set to_seq = 20000000',
          `delete from :s.events where stream_id = 'account-young'`,
        ],
        { faults: 1, streams: ['account-both', 'account-old', 'account-young'] },
      ],
      [
        'a boundary that nobody signed',
        ['update :s.archived_partitions set key_id = null, signature = null'],
        { faults: 1, streams: ['account-both', 'account-old'] },
      ],
      [
        'a boundary that is gone',
        ['delete from :s.archived_partitions'],
        { faults: 0, streams: ['account-both', 'account-old'] },
      ],
      [
        'another archive',
        [`update :s.archived_partitions set archive_hash = 'cd'`],
        { faults: 1, streams: ['account-both', 'account-old'] },
      ],
      [
        'an event that passes for an archived one',
        [
          `delete from :s.events where stream_id = 'account-both'`,
          `update :s.chain_links set commit_seq = 9 where stream_id = 'account-both' and version = 4`,
        ],
        { faults: 1, streams: [] },
      ],
      [
        'a hash of an archived event',
        [`update :s.chain_links set hash = '\\x00' where stream_id = 'account-old' and version = 2`],
        { faults: 1, streams: [] },
      ],
    ] as const)('shows %s', async ([, statements, { faults, streams }]) => {
      const { schema } = await detached({ chained: true })
      const tables = ['events', 'chain_links', 'archived_partitions']
      await database.script(
        [
          ...tables.map((table) => `alter table ${schema}.${table} disable trigger user`),
          ...statements.map((statement) => statement.replaceAll(':s', schema)),
        ].join(';\n'),
      )
      const report = await (await chainOf(schema)).verify()
      expect(report.archived.faults).toHaveLength(faults)
      expect(report.archived.faults.length + report.faults.length).toBeGreaterThan(0)
      expect(report.faults.map(({ streamId }) => streamId)).toEqual(streams)
    })
  })
})
