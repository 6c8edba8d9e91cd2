import { createEventDecoder, decodeEvents } from '@millrace/contracts'
import type { EventStore } from '@millrace/contracts'

import type { Contest, Sides } from '../harness/contest.ts'
import { atOnce } from '../harness/samplers.ts'
import type { SuiteOptions } from '../harness/suite.ts'
import { openArena, schemas } from './arena.ts'
import type { Arena } from './arena.ts'
import type { DurablePostgres } from './durable-postgres.ts'
import { newEvents, streamIds } from './events.ts'
import { handAppend } from './hand-append.ts'

const readEvents = 1000
const logCommits = 500
const logSize = 100
const logBatch = 500

const decode = createEventDecoder()

/** So many commits of so many events on both sides, with statistics and visibility as on a server that has run. */
async function fill({ store, send, database }: Arena, commits: number, size: number): Promise<void> {
  const [events, byHand] = [newEvents(size), handAppend(schemas.theirs, size)]
  const [ourIds, theirIds] = [streamIds('order'), streamIds('order')]
  for (let i = 0; i < commits; i++) {
    await store.append(ourIds(), events, { expectedVersion: 'no-stream' })
    await byHand(send, { streamId: theirIds(), expected: 0 })
  }
  for (const schema of Object.values(schemas)) await database.execute(`vacuum (analyze) ${schema}.events`)
}

function checkCount(found: number, expected: number): void {
  if (found !== expected) throw new Error(`read ${found} events instead of ${expected}`)
}

async function readStored(store: EventStore): Promise<void> {
  const streamId = streamIds('order')()
  let found = 0
  for await (const { version, type, payload } of store.read(streamId))
    if (version > 0 && type !== '' && JSON.parse(String(payload)) !== undefined) found += 1
  checkCount(found, readEvents)
}

async function readStream(store: EventStore): Promise<void> {
  const streamId = streamIds('order')()
  let found = 0
  for await (const { data } of decodeEvents(store.read(streamId), decode)) if (data !== undefined) found += 1
  checkCount(found, readEvents)
}

const streamText = `select version, type, payload::text as d from ${schemas.theirs}.events where stream_id = $1 order by version`

interface TextRow {
  readonly d: string
}

async function readStreamByHand({ pool }: Arena): Promise<void> {
  const values = [streamIds('order')()]
  const { rows } = await pool.query<TextRow>({ name: 'read stream', text: streamText, values })
  let found = 0
  for (const { d } of rows) if (JSON.parse(d) !== undefined) found += 1
  checkCount(found, readEvents)
}

async function openStreamRead(
  server: DurablePostgres,
  read: (store: EventStore) => Promise<void>,
): Promise<Sides> {
  const arena = await openArena(server)
  await fill(arena, 1, readEvents)
  return {
    measured: atOnce({ workers: 1, size: readEvents }, () => read(arena.store)),
    yardstick: atOnce({ workers: 1, size: readEvents }, () => readStreamByHand(arena)),
    [Symbol.asyncDispose]: () => arena[Symbol.asyncDispose](),
  }
}

async function readLog({ log }: EventStore, expected: number): Promise<void> {
  let at = await log.beginning()
  let found = 0
  for (;;) {
    const { records, end } = await log.readBatch(at, { maxRecords: logBatch })
    for (const record of records) found += decode(record).length
    if (records.length === 0) break
    at = end
  }
  checkCount(found, expected)
}

const logText = `select commit_seq, commit_index, stream_id, version, type, payload::text as d from ${schemas.theirs}.events
  where (commit_seq, commit_index) > ($1, $2) order by commit_seq, commit_index limit ${logBatch}`

interface LogRow extends TextRow {
  readonly commit_seq: string
  readonly commit_index: number
}

async function readLogByHand({ pool }: Arena, expected: number): Promise<void> {
  let [seq, index, found] = ['0', 0, 0]
  for (;;) {
    const { rows } = await pool.query<LogRow>({ name: 'read log', text: logText, values: [seq, index] })
    for (const { d } of rows) if (JSON.parse(d) !== undefined) found += 1
    const last = rows.at(-1)
    if (last === undefined) break
    ;[seq, index] = [last.commit_seq, last.commit_index]
  }
  checkCount(found, expected)
}

async function openLogRead(server: DurablePostgres, commits: number): Promise<Sides> {
  const arena = await openArena(server)
  await fill(arena, commits, logSize)
  const size = commits * logSize
  return {
    measured: atOnce({ workers: 1, size }, () => readLog(arena.store, size)),
    yardstick: atOnce({ workers: 1, size }, () => readLogByHand(arena, size)),
    [Symbol.asyncDispose]: () => arena[Symbol.asyncDispose](),
  }
}

/** Reads with decoding, against the bare text and JSON.parse. */
export function readContests(server: DurablePostgres, { quick }: SuiteOptions): readonly Contest[] {
  return [
    {
      name: `postgres read(${readEvents})`,
      unit: 'events/s',
      yardstick: 'version, type and text by hand, JSON.parse',
      goal: 0.85,
      open: () => openStreamRead(server, readStored),
    },
    {
      name: `postgres read(${readEvents}) and decode`,
      unit: 'events/s',
      yardstick: 'version, type and text by hand, JSON.parse',
      open: () => openStreamRead(server, readStream),
    },
    {
      name: `postgres whole log of ${(logCommits * logSize).toLocaleString('en-US')} and decode`,
      unit: 'events/s',
      yardstick: `pages of ${logBatch} by hand, JSON.parse`,
      open: () => openLogRead(server, quick ? 5 : logCommits),
    },
  ]
}
