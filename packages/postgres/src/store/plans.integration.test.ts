import type { EventStore, NewEvent, ReadAllOptions } from '@millrace/contracts'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'

import { freshStream } from '../../fixtures/raw-writer.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { batchText, logTexts } from '../log/log-texts.ts'
import { allPageText } from '../read/log-reader.ts'
import { allSelection } from '../read/log-selection.ts'
import { streamReadTexts } from '../read/stream-reader.ts'
import { openPg } from '../sql/pg-database.ts'
import { inSchema, parseSchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { openPostgresStore } from './open-postgres-store.ts'

const schema = parseSchemaName(freshSchema('plans'))
const stream = freshStream()
const traceId = 'a'.repeat(32)
let database: SqlDatabase
let store: EventStore

/** Twenty thousand events of 200 streams; one in a thousand has the mark `n`. */
async function fill(): Promise<void> {
  const marked = (n: number): NonNullable<NewEvent['metadata']> => ({
    correlationId: `c-${n}`,
    causationId: `d-${n}`,
    tenant: `t-${n}`,
    traceparent:
      n === 7
        ? `00-${traceId}-${'1'.repeat(16)}-01`
        : `00-${String(n).padStart(32, '1')}-${'1'.repeat(16)}-01`,
  })
  for (let batch = 0; batch < 200; batch++) {
    const events = Array.from({ length: 100 }, (_, i) => {
      const n = (batch * 100 + i) % 1000
      return {
        type: `type-${n}`,
        data: { n, text: 'x'.repeat(100) },
        metadata: marked(n),
        occurredAt: new Date(1_700_000_000_000 + batch * 60_000),
      }
    })
    await store.append(batch === 0 ? stream : freshStream(), events, { expectedVersion: 'no-stream' })
  }
}

beforeAll(async () => {
  database = await openPg({ url: inject('servers').postgres })
  store = await openPostgresStore({ database, schema })
  await fill()
  // A table of a few pages is scanned whatever its indexes.
  await database.execute(
    `insert into ${schema}.streams select 'other-' || n, 'other', 1, 0, 0, 0, 0, null, 0, 0 from generate_series(1, 5000) n`,
  )
  await database.script(`analyze ${schema}.events; analyze ${schema}.commits; analyze ${schema}.streams`)
})
afterAll(async () => {
  await store[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

/** The plan of the statement as the store sends it, with its parameters. */
async function planOf(text: string, values: readonly unknown[]): Promise<string> {
  const rows = await database.query<{ 'QUERY PLAN': string }>(`explain (costs off) ${text}`, values)
  return rows.map((row) => row['QUERY PLAN']).join('\n')
}

const selections: readonly (readonly [string, ReadAllOptions])[] = [
  ['type_occurred_at', { types: ['type-7'] }],
  [
    'type_occurred_at',
    {
      types: ['type-7'],
      occurredFrom: new Date(1_700_000_600_000),
      occurredUntil: new Date(1_700_001_200_000),
    },
  ],
  ['correlation_id', { correlationId: 'c-7' }],
  ['causation_id', { causationId: 'd-7' }],
  ['tenant', { tenant: 't-7' }],
  ['trace_id', { traceId }],
]

test.for(selections)('the index on %s serves %j', async ([index, options]) => {
  const selection = allSelection(options)
  for (const direction of ['forwards', 'backwards'] as const) {
    const plan = await planOf(inSchema(allPageText(selection, direction, true), schema), [
      ...selection.values,
      512,
      direction === 'forwards' ? 0 : 1e15,
      0,
    ])
    expect(plan).toMatch(new RegExp(`events_p0_${index}`))
    expect(plan).not.toContain('Seq Scan on events_p0')
  }
})

test('the index on stream and version serves windows in both directions', async () => {
  const { forwards, backwards } = streamReadTexts(schema)
  for (const text of [forwards, backwards]) {
    const plan = await planOf(text, [stream, 10, 60, 1024])
    expect(plan).toMatch(/events_p0_stream_id_version_idx/)
    // It is read in order.
    expect(plan).not.toMatch(/^\s*(->\s+)?Sort$/m)
  }
})

test('the primary keys serve the log, page by page and one by one', async () => {
  const { commits, eventAt, lastCommit, oldestAfter } = logTexts(schema)
  expect(await planOf(commits, [100, 50])).toMatch(/commits_pkey/)
  expect(await planOf(lastCommit, [])).toMatch(/commits_pkey/)
  for (const [text, values] of [
    [eventAt, [5, 3]],
    [oldestAfter, [190]],
    [batchText(schema, []), [100, 102]],
  ] as const)
    expect(await planOf(text, values)).toMatch(/events_p0_pkey/)
})

test('a commit is found by its id, and a stream by its own, without a scan', async () => {
  expect(await planOf(`select seq from ${schema}.commits where commit_id = $1`, ['x'])).toMatch(
    /commits_commit_id_key/,
  )
  expect(await planOf(`select version from ${schema}.streams where stream_id = $1`, [stream])).toMatch(
    /streams_pkey/,
  )
})
