import { createHash } from 'node:crypto'

import type { StreamId } from '@millrace/contracts'

import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase, TextRow } from '../sql/sql-database.ts'

/** An event with everything that is hashed, all of it as text. */
export interface ChainedEvent {
  readonly streamId: StreamId
  readonly version: number
  readonly commitSeq: number
  readonly eventId: string
  readonly type: string
  readonly previousHash: string | undefined
  /** Of what lies in the row now. */
  readonly hash: string
}

/** What was recorded of an event when it was appended. */
export interface ChainLink {
  readonly streamId: StreamId
  readonly version: number
  readonly commitSeq: number
  readonly eventId: string
  readonly hash: string
}

/** The head of a stream that is chained. */
export interface ChainedHead {
  readonly streamId: StreamId
  readonly version: number
  /** Whether its chain ends there too. */
  readonly fits: boolean
}

// In the order in which event_hash takes them; payloads come last, and are hashed here as they are there.
const hashed = [
  'previous_hash',
  'stream_id',
  'version',
  'commit_seq',
  'commit_index',
  'event_id',
  'commit_id',
  'type',
  'schema_version',
  'occurred_at',
  'recorded_at',
  'bucket',
  'content_type',
  'metadata',
  'correlation_id',
  'causation_id',
  'tenant',
  'trace_id',
  "array_to_string(tags, ' ')",
  'part_index',
  'part_count',
  'encryption_subject',
  'encryption_key_id',
  'payload_is_text::text',
  'payload',
  "encode(payload_binary, 'base64')",
] as const

const payloads = 2
const at = (column: (typeof hashed)[number]): number => hashed.indexOf(column)

function part(value: string | null): string {
  return value === null ? '-,' : `${Buffer.byteLength(value)}:${value},`
}

const digest = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex')

/** What the database's own function reckons; here, so that whoever changes that function is found out too. */
function hashOf(row: TextRow): string {
  const [text = null, binary = null] = row.slice(-payloads)
  const parts = [
    'millrace-chain-1',
    ...row.slice(0, -payloads),
    text === null ? null : digest(text),
    binary === null ? null : digest(Buffer.from(binary, 'base64')),
  ]
  return digest(parts.map(part).join(''))
}

function eventOf(row: TextRow): ChainedEvent {
  return {
    streamId: row[at('stream_id')] as StreamId,
    version: Number(row[at('version')]),
    commitSeq: Number(row[at('commit_seq')]),
    eventId: row[at('event_id')] ?? '',
    type: row[at('type')] ?? '',
    previousHash: row[at('previous_hash')] ?? undefined,
    hash: hashOf(row),
  }
}

/** Where to go on, in the order of all these reads. */
type Place = readonly [streamId: string, version: number, seq: number, index: number]

interface PagedRead<T> {
  readonly text: string
  readonly read: (row: TextRow) => T
  readonly placeOf: (row: TextRow) => Place
}

// A row that was put in beside another may have its stream and version: place in the log tells them apart.
const events: PagedRead<ChainedEvent> = {
  text: `select ${hashed.join(', ')} from :schema.events
where (stream_id, version, commit_seq, commit_index) > ($1, $2, $3, $4) and ($5::text is null or stream_id = $5) and commit_seq <= $6
order by stream_id, version, commit_seq, commit_index limit $7`,
  read: eventOf,
  placeOf: (row) => [
    row[at('stream_id')] ?? '',
    Number(row[at('version')]),
    Number(row[at('commit_seq')]),
    Number(row[at('commit_index')]),
  ],
}

const links: PagedRead<ChainLink> = {
  text: `select stream_id, version, commit_seq, event_id, encode(hash, 'hex') from :schema.chain_links
where (stream_id, version, $3::bigint, $4::bigint) > ($1, $2, $3, $4) and ($5::text is null or stream_id = $5) and commit_seq <= $6
order by stream_id, version limit $7`,
  read: (row) => ({
    streamId: row[0] as StreamId,
    version: Number(row[1]),
    commitSeq: Number(row[2]),
    eventId: row[3] ?? '',
    hash: row[4] ?? '',
  }),
  placeOf: (row) => [row[0] ?? '', Number(row[1]), 0, 0],
}

// One statement sees head and chain as they were at one time, however much is appended meanwhile.
const heads: PagedRead<ChainedHead> = {
  text: `select s.stream_id, s.version, (s.version = l.version)::text from :schema.streams as s
cross join lateral (select version from :schema.chain_links as c where c.stream_id = s.stream_id order by version desc limit 1) as l
where (s.stream_id, $2::bigint, $3::bigint, $4::bigint) > ($1, $2, $3, $4) and ($5::text is null or s.stream_id = $5)
  and $6::bigint is not null
order by s.stream_id limit $7`,
  read: (row) => ({ streamId: row[0] as StreamId, version: Number(row[1]), fits: row[2] === 'true' }),
  placeOf: (row) => [row[0] ?? '', 0, 0, 0],
}

/** Which events are looked at. */
export interface ChainRange {
  /** Undefined: all. */
  readonly streamId: StreamId | undefined
  /** Only commits up to this one: what is appended meanwhile would show in one table and not yet in another. */
  readonly upTo: number
}

/** Reads the tables of a chain in the order of streams and versions, a page at a time. */
export class ChainRows {
  readonly #database: SqlDatabase
  readonly #schema: SchemaName
  readonly #range: ChainRange

  constructor(database: SqlDatabase, schema: SchemaName, range: ChainRange) {
    this.#database = database
    this.#schema = schema
    this.#range = range
  }

  events(): AsyncIterator<ChainedEvent, undefined> {
    // An event may hold a megabyte.
    return this.#pages(events, 100)
  }

  links(): AsyncIterator<ChainLink, undefined> {
    return this.#pages(links, 1000)
  }

  heads(): AsyncIterator<ChainedHead, undefined> {
    return this.#pages(heads, 1000)
  }

  async *#pages<T>(
    { text, read, placeOf }: PagedRead<T>,
    size: number,
  ): AsyncGenerator<T, undefined, undefined> {
    const statement = inSchema(text, this.#schema)
    const { streamId = null, upTo } = this.#range
    let place: Place = ['', 0, 0, -1]
    for (;;) {
      const rows = await this.#database.queryText(statement, [...place, streamId, upTo, size])
      for (const row of rows) yield read(row)
      const last = rows.at(-1)
      if (last === undefined || rows.length < size) return undefined
      place = placeOf(last)
    }
  }
}
