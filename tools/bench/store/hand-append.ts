import type { SqlDatabase } from '@millrace/postgres'
import type pg from 'pg'

import { eventType, payloads } from './events.ts'

/** Draws the next number, once there is a head. */
const recordCommit = (schema: string): string => `
  insert into ${schema}.commits (seq, commit_id, recorded_at, event_count, payload_bytes, stream_ids, versions, last_indexes)
  select nextval('${schema}.commit_seq'), $3, $4, $5, $6, array[$1], array[version], array[$5 - 1] from head
  returning seq`

const moveHead = (schema: string): string => `
  insert into ${schema}.streams as h (stream_id, category, version, occurred_at, previous_occurred_at, created_at,
    updated_at, payload_bytes, largest_payload)
  values ($1::text, $2, $5::int, $4::bigint, 0, $4, $4, $6::bigint, $6 / $5)
  on conflict (stream_id) do update set version = h.version + $5, occurred_at = $4, previous_occurred_at = h.occurred_at,
    updated_at = $4, payload_bytes = h.payload_bytes + $6, largest_payload = greatest(h.largest_payload, $6 / $5)
  where h.version = $7::bigint
  returning version`

const eventColumns = `commit_seq, version, occurred_at, recorded_at, commit_index, schema_version, bucket, stream_id,
  commit_id, event_id, type, payload`

/** One event is sent as it is, more as arrays: what somebody would write who knows how many there are. */
const insertOne = (schema: string): string => `
  insert into ${schema}.events (${eventColumns})
  select seq, version, $4, $4, 0, 1, 7, $1, $3, $8, $9, $10::json from head, recorded`

const insertMany = (schema: string): string => `
  insert into ${schema}.events (${eventColumns})
  select seq, version - $5 + o, $4, $4, o - 1, 1, 7, $1, $3, i, t, d
  from head, recorded, unnest($8::text[], $9::text[], $10::json[]) with ordinality as x (i, t, d, o)`

/**
 * The statement somebody would write by hand who makes the writes of our append: the stream's head guarded by the
 * expected version, the commit with its number, the events. One round trip; whoever loses the race gets no row.
 */
function appendText(schema: string, size: number): string {
  const insert = size === 1 ? insertOne(schema) : insertMany(schema)
  return `with head as (${moveHead(schema)}), recorded as (${recordCommit(schema)}), stored as (${insert})
select seq, version from head, recorded`
}

/** Parameters that stay the same from append to append. */
interface Constants {
  readonly bytes: number
  readonly events: readonly [ids: unknown, types: unknown, payloads: unknown]
}

function constantsOf(size: number): Constants {
  const texts = payloads(size)
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  // Event ids are unique within their commit only, so that one list of them serves every append.
  const ids = texts.map((_, i) => String(i).padStart(26, '0'))
  const types = texts.map(() => eventType)
  return { bytes, events: size === 1 ? [ids[0], types[0], texts[0]] : [ids, types, texts] }
}

/** A statement under its name, to be prepared once a connection. */
interface Statement {
  readonly name: string
  readonly text: string
  readonly values: readonly unknown[]
}

/** Sends a statement; the number of rows it gave. */
export type Send = (statement: Statement) => Promise<number>

/** By the plain driver. */
export function sendBy(pool: pg.Pool): Send {
  return async ({ name, text, values }) =>
    (await pool.query({ name, text, values: [...values] })).rowCount ?? 0
}

/** Where the engine lives in this process and has no driver but ours. */
export function sendEmbedded(database: SqlDatabase): Send {
  return async ({ text, values }) => (await database.query(text, values)).length
}

/** What an append by hand is told. */
export interface HandAppend {
  readonly streamId: string
  /** The version the stream must have; 0 for a new one. */
  readonly expected: number
}

let commits = 0

/**
 * Appends by hand, with everything made beforehand that can be: texts, ids, lists. As in the limits' own yardstick, only
 * the values that must differ are made for each append.
 */
export function handAppend(schema: string, size: number): (send: Send, append: HandAppend) => Promise<void> {
  const text = appendText(schema, size)
  const name = `append ${schema} ${size}`
  const { bytes, events } = constantsOf(size)
  return async (send, { streamId, expected }) => {
    const commitId = String((commits += 1)).padStart(26, '0')
    const values = [streamId, 'order', commitId, Date.now(), size, bytes, expected, ...events]
    if ((await send({ name, text, values })) !== 1)
      throw new Error(`append by hand to ${streamId} was refused`)
  }
}
