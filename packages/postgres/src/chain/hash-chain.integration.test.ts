import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { createStreamId } from '@millrace/contracts'
import type { AnchorSigner, ChainReport, EventStore, HashChain, StreamId } from '@millrace/contracts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { collect } from '../../fixtures/collect.ts'
import { drivers } from '../../fixtures/databases.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { openPostgresStore } from '../store/open-postgres-store.ts'
import { openPostgresChain } from './open-postgres-chain.ts'

const expectedVersion = 'any' as const

function signer(secret: string): AnchorSigner {
  const sign = (text: string): string => createHmac('sha256', secret).update(text).digest('base64')
  return {
    keyId: secret,
    sign,
    verify: (keyId, text, signature) => (keyId === secret ? sign(text) === signature : undefined),
  }
}

const clean = { checked: 0, unknownKey: 0 }

describe.for(drivers)('the hash chain on %s', ([, open]) => {
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
    readonly chain: HashChain
    readonly stream: StreamId
    readonly tamper: (...statements: readonly string[]) => Promise<void>
    readonly faults: () => Promise<ChainReport['faults']>
  }

  const stream = createStreamId('account', 'x 😀')

  /** A store with chaining on and a stream of six events in three commits, and another one beside it. */
  async function openStage(): Promise<Stage> {
    const schema = freshSchema('chain')
    const store = await openPostgresStore({ database, schema })
    const chain = await openPostgresChain({ database, schema, signer: signer('s1') })
    await chain.enable()
    await store.append(stream, [fact(1)], { expectedVersion })
    await store.append(stream, [fact(2), fact(3)], {
      expectedVersion,
      metadata: { tenant: 't', correlationId: 'é"' },
    })
    await store.append(stream, [{ ...fact(4), tags: ['a', 'b'] }, fact(5), fact(6)], { expectedVersion })
    await store.append(createStreamId('account', 'y'), [fact(1)], { expectedVersion })
    return {
      schema,
      store,
      chain,
      stream,
      // What an intruder with the rights of the owner does first.
      tamper: async (...statements) => {
        await database.script(
          [
            `alter table ${schema}.events disable trigger user; alter table ${schema}.chain_links disable trigger user; alter table ${schema}.chain_anchors disable trigger user`,
            ...statements.map((statement) => statement.replaceAll(':s', schema)),
          ].join(';\n'),
        )
      },
      faults: async () => (await chain.verify()).faults,
    }
  }

  const fact = (n: number) => ({ type: 'changed', data: { n, text: 'é\u0000😀' } })
  const at = `stream_id = 'account-x 😀' and version`

  test('holds for untouched events, of every shape of append', async () => {
    const { chain, store, faults } = await openStage()
    await store.append(createStreamId('bin', '1'), [{ type: 'b', data: new Uint8Array([1]) }], {
      expectedVersion,
    })
    await store.commit([
      { streamId: stream, events: [fact(7)], expectedVersion },
      { streamId: createStreamId('new', '1'), events: [fact(1), fact(2)], expectedVersion: 'no-stream' },
    ])
    expect(await chain.enabled()).toBe(true)
    expect(await chain.verify()).toMatchObject({
      streams: 4,
      events: 11,
      unchained: 0,
      anchors: clean,
      faults: [],
    })
    const events = await collect(store.read(stream))
    expect(events[0]?.previousHash).toBeUndefined()
    expect(new Set(events.slice(1).map(({ previousHash }) => previousHash)).size).toBe(6)
    expect(events[1]?.previousHash).toMatch(/^[0-9a-f]{64}$/)
    expect(await faults()).toEqual([])
  })

  test.each<[string, string[], object]>([
    [
      'a changed payload',
      [`update :s.events set payload = '{"n":9}' where ${at} = 3`],
      { kind: 'changed', version: 3 },
    ],
    [
      'a payload with a blank more',
      [`update :s.events set payload = (payload::text || ' ')::json where ${at} = 6`],
      { kind: 'changed', version: 6 },
    ],
    [
      'a changed time',
      [`update :s.events set occurred_at = occurred_at + 1 where ${at} = 1`],
      { kind: 'changed', version: 1 },
    ],
    [
      'a changed actor',
      [`update :s.events set metadata = '{"tenant":"u"}' where ${at} = 2`],
      { kind: 'changed', version: 2 },
    ],
    [
      'a changed type',
      [`update :s.events set type = 'other' where ${at} = 4`],
      { kind: 'changed', version: 4 },
    ],
    [
      'a changed tag',
      [`update :s.events set tags = '{a,c}' where ${at} = 4`],
      { kind: 'changed', version: 4 },
    ],
    [
      'a column of searches that no longer says what the metadata says',
      [`update :s.events set tenant = 'u' where ${at} = 2`],
      { kind: 'changed', version: 2 },
    ],
    [
      'a changed hash of the event before',
      [`update :s.events set previous_hash = repeat('0', 64) where ${at} = 5`],
      { kind: 'changed', version: 5 },
    ],
    [
      'a changed event whose own hash was reckoned anew',
      [
        `update :s.events set payload = '{"n":9}' where ${at} = 3`,
        `update :s.chain_links set hash = (select :s.event_hash(e) from :s.events e where ${at} = 3) where ${at} = 3`,
      ],
      { kind: 'changed', version: 4 },
    ],
    ['a removed event', [`delete from :s.events where ${at} = 3`], { kind: 'removed', version: 3 }],
    [
      'a removed event and its hash',
      [`delete from :s.events where ${at} = 2`, `delete from :s.chain_links where ${at} = 2`],
      { kind: 'removed', version: 2 },
    ],
    ['a removed first event', [`delete from :s.events where ${at} = 1`], { kind: 'removed', version: 1 }],
    [
      'two events in another order',
      [`update :s.events set version = case version when 3 then 4 else 3 end where ${at} in (3, 4)`],
      { kind: 'reordered', version: 3 },
    ],
    [
      'an event put in, those behind it moved up',
      [
        `update :s.events set version = version + 1 where ${at} >= 4`,
        `insert into :s.events select 999, 4, occurred_at, recorded_at, 0, schema_version, bucket, stream_id, '01ARZ3NDEKTSV4RRFFQ69G5FAV', commit_id, type, payload from :s.events where ${at} = 3`,
      ],
      { kind: 'reordered', version: 4, eventId: '01ARZ3NDEKTSV4RRFFQ69G5FAV' },
    ],
    [
      'a second event at a version',
      [
        `insert into :s.events select 2, version, occurred_at, recorded_at, 99, schema_version, bucket, stream_id, '01ARZ3NDEKTSV4RRFFQ69G5FAV', commit_id, type, payload from :s.events where ${at} = 3`,
      ],
      { kind: 'inserted', version: 3, eventId: '01ARZ3NDEKTSV4RRFFQ69G5FAV' },
    ],
    [
      'an event put in at the end',
      [
        `insert into :s.events select 5, 7, occurred_at, recorded_at, 99, schema_version, bucket, stream_id, '01ARZ3NDEKTSV4RRFFQ69G5FAV', commit_id, type, payload from :s.events where ${at} = 6`,
        `update :s.streams set version = 7 where stream_id = 'account-x 😀'`,
      ],
      { kind: 'inserted', version: 7 },
    ],
    [
      'a first event that follows none, although it is none',
      [`delete from :s.events where ${at} <= 2`, `delete from :s.chain_links where ${at} <= 2`],
      { kind: 'changed', version: 3 },
    ],
    [
      'a hash that was put into another commit',
      [`update :s.chain_links set commit_seq = 1 where ${at} = 4`],
      { kind: 'changed', version: 4 },
    ],
    [
      'a head that was put back',
      [`update :s.streams set version = 4 where stream_id = 'account-x 😀'`],
      { kind: 'changed', version: 6 },
    ],
    [
      'a head that was removed',
      [`delete from :s.streams where stream_id = 'account-x 😀'`],
      { kind: 'removed', version: 6 },
    ],
    [
      'an end that was cut off',
      [`delete from :s.events where ${at} >= 5`],
      { kind: 'truncated', version: 5 },
    ],
    [
      'an end that was cut off with its hashes',
      [`delete from :s.events where ${at} >= 5`, `delete from :s.chain_links where ${at} >= 5`],
      { kind: 'truncated', version: 5 },
    ],
  ])('names the first bad event for %s', async (_, statements, fault) => {
    const { tamper, faults, stream: streamId } = await openStage()
    await tamper(...statements)
    expect(await faults()).toMatchObject([{ streamId, ...fault }])
  })

  const cutOff = [
    `delete from :s.events where ${at} >= 5`,
    `delete from :s.chain_links where ${at} >= 5`,
    `update :s.streams set version = 4 where stream_id = 'account-x 😀'`,
  ]

  test('shows an end that was cut off everywhere by its anchor only', async () => {
    const { tamper, chain, faults, stream: streamId } = await openStage()
    expect(await chain.anchor()).toHaveLength(3)
    expect(await chain.anchor()).toEqual([])
    expect((await chain.verify()).anchors).toEqual({ checked: 3, unknownKey: 0 })
    await tamper(...cutOff)
    expect(await faults()).toMatchObject([{ streamId, kind: 'truncated', version: 5 }])
  })

  test('shows it by an anchor kept elsewhere, where those of the store were removed too', async () => {
    const { tamper, chain, stream: streamId } = await openStage()
    const anchors = await chain.anchor()
    await tamper(...cutOff, 'delete from :s.chain_anchors')
    expect((await chain.verify()).faults).toEqual([])
    expect((await chain.verify({ anchors })).faults).toMatchObject([
      { streamId, kind: 'truncated', version: 5 },
    ])
    await tamper(
      `delete from :s.events where ${at} > 0`,
      `delete from :s.chain_links where ${at} > 0`,
      `delete from :s.streams where stream_id = 'account-x 😀'`,
    )
    expect((await chain.verify({ anchors })).faults).toMatchObject([
      { streamId, kind: 'truncated', version: 1 },
    ])
  })

  test('shows by the anchor of its start that hashes were taken away, so that changed events pass for older ones', async () => {
    const schema = freshSchema('chain')
    const store = await openPostgresStore({ database, schema })
    await store.append(createStreamId('account', 'before'), [fact(1)], { expectedVersion })
    await store.append(createStreamId('account', 'before'), [fact(2)], { expectedVersion })
    const chain = await openPostgresChain({ database, schema, signer: signer('s1') })
    await chain.enable()
    for (const n of [1, 2, 3]) await store.append(stream, [fact(n)], { expectedVersion })
    const anchors = await chain.anchor()
    const off = ['events', 'chain_links', 'chain_anchors'].map(
      (table) => `alter table ${schema}.${table} disable trigger user`,
    )
    await database.script(
      [
        ...off,
        `update ${schema}.events set payload = '{"n":9}', commit_seq = 1, commit_index = 7 where ${at} = 1`,
        `delete from ${schema}.chain_links where ${at} = 1`,
        `update ${schema}.events set previous_hash = null where ${at} = 2`,
        `update ${schema}.chain_links set hash = (select ${schema}.event_hash(e) from ${schema}.events e where ${at} = 2) where ${at} = 2`,
        `update ${schema}.events set previous_hash = (select encode(hash, 'hex') from ${schema}.chain_links where ${at} = 2) where ${at} = 3`,
        `update ${schema}.chain_links set hash = (select ${schema}.event_hash(e) from ${schema}.events e where ${at} = 3) where ${at} = 3`,
      ].join(';\n'),
    )
    expect((await chain.verify()).faults).toMatchObject([{ streamId: stream, kind: 'removed', version: 1 }])
    await database.script(`delete from ${schema}.chain_anchors where ${at} = 3`)
    // That of the end is gone too: the start alone tells.
    expect((await chain.verify({ anchors: anchors.slice(0, 1) })).faults).toMatchObject([{ version: 1 }])
  })

  test('shows a chain that was reckoned anew from an event on, between the anchors around it', async () => {
    const { tamper, chain, store, faults } = await openStage()
    await chain.anchor()
    await store.append(stream, [fact(7), fact(8)], { expectedVersion })
    await chain.anchor()
    await tamper(
      `update :s.events set payload = '{"n":9}' where ${at} = 7`,
      `update :s.chain_links set hash = (select :s.event_hash(e) from :s.events e where ${at} = 7) where ${at} = 7`,
      `update :s.events set previous_hash = (select encode(hash, 'hex') from :s.chain_links where ${at} = 7) where ${at} = 8`,
      `update :s.chain_links set hash = (select :s.event_hash(e) from :s.events e where ${at} = 8) where ${at} = 8`,
    )
    expect(await faults()).toMatchObject([
      { kind: 'changed', version: 7, detail: expect.stringContaining('7 to 8') as string },
    ])
  })

  test('takes no anchor that others signed, and counts those whose key it does not have', async () => {
    const { chain, schema, tamper, faults } = await openStage()
    await chain.anchor()
    const stranger = await openPostgresChain({ database, schema, signer: signer('s2') })
    expect((await stranger.verify()).anchors).toEqual({ checked: 0, unknownKey: 3 })
    const unsigned = await openPostgresChain({ database, schema })
    expect((await unsigned.verify()).anchors).toEqual({ checked: 0, unknownKey: 3 })
    await expect(unsigned.anchor()).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    await tamper(`update :s.chain_anchors set version = 5 where version = 6`)
    expect(await faults()).toMatchObject([{ kind: 'anchor', version: 5 }])
  })

  test('starts with the first commit after it is switched on, also in streams that were there', async () => {
    const schema = freshSchema('chain')
    const store = await openPostgresStore({ database, schema })
    await store.append(stream, [fact(1), fact(2)], { expectedVersion })
    const chain = await openPostgresChain({ database, schema })
    expect([await chain.enabled(), (await chain.verify()).unchained]).toEqual([false, 2])
    await Promise.all([chain.enable(), chain.enable()])
    await store.append(stream, [fact(3), fact(4)], { expectedVersion })
    expect(await chain.verify()).toMatchObject({
      streams: 1,
      events: 2,
      unchained: 2,
      anchors: clean,
      faults: [],
    })
    const previous = (await collect(store.read(stream))).map(({ previousHash }) => typeof previousHash)
    expect(previous).toEqual(['undefined', 'undefined', 'undefined', 'string'])
  })

  test('goes on over a tombstone, which takes its events away rightly', async () => {
    const { store, chain, faults } = await openStage()
    await chain.anchor()
    await store.tombstone(stream, { expectedVersion, reason: 'asked for' })
    expect(await faults()).toEqual([])
    expect(await chain.anchor()).toHaveLength(1)
    expect(await faults()).toEqual([])
  })

  test('leaves out events of archived commits, and misses others', async () => {
    const { chain, store, tamper } = await openStage()
    const [, second, , fourth] = await collect(store.read(stream))
    await tamper(`delete from :s.events where ${at} <= 3`)
    const archivedBefore = fourth?.position.commit ?? 0
    expect((await chain.verify({ archivedBefore })).faults).toEqual([])
    expect((await chain.verify({ archivedBefore: second?.position.commit ?? 0 })).faults).toMatchObject([
      { version: 2 },
    ])
  })

  test('is verified for one stream alone', async () => {
    const { chain, tamper } = await openStage()
    await tamper(`update :s.events set type = 'other' where ${at} = 4`)
    const other = await chain.verify({ streamId: createStreamId('account', 'y') })
    expect([other.streams, other.events, other.faults]).toEqual([1, 1, []])
    expect((await chain.verify({ streamId: stream })).faults).toHaveLength(1)
  })

  test('holds while many writers append, and finds nothing wrong with what they append meanwhile', async () => {
    const { store, chain } = await openStage()
    const writers = Array.from({ length: 8 }, async (_, w) => {
      for (let i = 0; i < 10; i++) await store.append(stream, [fact(w), fact(i)], { expectedVersion })
    })
    const reports = [await chain.verify(), await chain.verify(), await chain.verify()]
    await Promise.all(writers)
    expect(reports.flatMap(({ faults }) => faults)).toEqual([])
    const last = await chain.verify()
    expect([last.events, last.faults]).toEqual([167, []])
  })

  test('is that of version 1: the same events have the same hashes for ever', async () => {
    const golden = JSON.parse(
      readFileSync(new URL('../../golden/v1/hash-chain.json', import.meta.url), 'utf8'),
    ) as { readonly rows: readonly { readonly values: string; readonly hash: string }[] }
    const { schema } = await openStage()
    expect(golden.rows.length).toBeGreaterThan(1)
    for (const { values, hash } of golden.rows) {
      const [row] = await database.query<{ hash: string }>(
        `select encode(${schema}.event_hash(json_populate_record(null::${schema}.events, $1::json)), 'hex') as hash`,
        [values],
      )
      expect(row?.hash).toBe(hash)
    }
  })
})
