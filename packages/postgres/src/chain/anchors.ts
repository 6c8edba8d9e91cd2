import type { AnchorSigner, ChainAnchor, StreamId } from '@millrace/contracts'

import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'

interface AnchorRow {
  readonly stream_id: string
  readonly version: number
  readonly hash: string
  readonly anchored_at: number
  readonly key_id: string
  readonly signature: string
}

interface EndRow {
  readonly stream_id: string
  readonly first_version: number
  readonly first_hash: string
  readonly version: number
  readonly hash: string
  readonly is_new: boolean
}

const ends = `select s.stream_id, f.version as first_version, encode(f.hash, 'hex') as first_hash, l.version, encode(l.hash, 'hex') as hash,
  a.version is null as is_new
from :schema.streams as s
cross join lateral (select version, hash from :schema.chain_links as c where c.stream_id = s.stream_id order by version limit 1) as f
cross join lateral (select version, hash from :schema.chain_links as c where c.stream_id = s.stream_id order by version desc limit 1) as l
left join lateral (select version from :schema.chain_anchors as c where c.stream_id = s.stream_id order by version desc limit 1) as a on true
where s.stream_id > $1 and l.version > coalesce(a.version, 0) order by s.stream_id limit $2`

const insert = `insert into :schema.chain_anchors (stream_id, version, hash, anchored_at, key_id, signature)
select stream_id, version, decode(hash, 'hex'), anchored_at, key_id, signature
from unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[])
  as a (stream_id, version, hash, anchored_at, key_id, signature)`

const all = `select id, stream_id, version, encode(hash, 'hex') as hash, anchored_at, key_id, signature from :schema.chain_anchors
where (stream_id, version, id) > ($1, $2, $3) and ($4::text is null or stream_id = $4) order by stream_id, version, id limit $5`

const pageSize = 500

/** What of an anchor is signed. */
export function anchorText({
  generation,
  streamId,
  version,
  hash,
  anchoredAt,
  keyId,
}: Omit<ChainAnchor, 'signature'>): string {
  return JSON.stringify(['millrace-anchor-1', generation, streamId, version, hash, anchoredAt, keyId])
}

/** The anchors of one log. */
export class Anchors {
  readonly #database: SqlDatabase
  readonly #generation: string
  readonly #texts: { readonly ends: string; readonly insert: string; readonly all: string }

  constructor(database: SqlDatabase, schema: SchemaName, generation: string) {
    this.#database = database
    this.#generation = generation
    this.#texts = {
      ends: inSchema(ends, schema),
      insert: inSchema(insert, schema),
      all: inSchema(all, schema),
    }
  }

  /** Those of one stream, or of all. */
  async *read(streamId?: StreamId): AsyncGenerator<ChainAnchor, undefined, undefined> {
    let place: readonly unknown[] = ['', 0, 0]
    for (;;) {
      const values = [...place, streamId ?? null, pageSize]
      const rows = await this.#database.query<AnchorRow & { readonly id: number }>(this.#texts.all, values)
      for (const row of rows) yield this.#anchorOf(row)
      const last = rows.at(-1)
      if (last === undefined || rows.length < pageSize) return undefined
      place = [last.stream_id, last.version, last.id]
    }
  }

  async make(signer: AnchorSigner, now: number): Promise<readonly ChainAnchor[]> {
    const made: ChainAnchor[] = []
    let after = ''
    for (;;) {
      const rows = await this.#database.query<EndRow>(this.#texts.ends, [after, pageSize])
      const anchors = rows.flatMap((row) => this.#sign(row, signer, now))
      if (anchors.length > 0) await this.#insert(anchors)
      made.push(...anchors)
      const last = rows.at(-1)
      if (last === undefined || rows.length < pageSize) return made
      after = last.stream_id
    }
  }

  /** Of a new chain its start too: what comes before it is not chained, and must not become so later. */
  #sign(row: EndRow, signer: AnchorSigner, now: number): readonly ChainAnchor[] {
    const start = { version: row.first_version, hash: row.first_hash }
    const end = { version: row.version, hash: row.hash }
    return (row.is_new && start.version !== end.version ? [start, end] : [end]).map((point) => {
      const anchor = {
        ...point,
        generation: this.#generation,
        streamId: row.stream_id as StreamId,
        anchoredAt: now,
        keyId: signer.keyId,
      }
      return { ...anchor, signature: signer.sign(anchorText(anchor)) }
    })
  }

  async #insert(anchors: readonly ChainAnchor[]): Promise<void> {
    await this.#database.execute(this.#texts.insert, [
      anchors.map(({ streamId }) => streamId),
      anchors.map(({ version }) => version),
      anchors.map(({ hash }) => hash),
      anchors.map(({ anchoredAt }) => anchoredAt),
      anchors.map(({ keyId }) => keyId),
      anchors.map(({ signature }) => signature),
    ])
  }

  #anchorOf(row: AnchorRow): ChainAnchor {
    return {
      generation: this.#generation,
      streamId: row.stream_id as StreamId,
      version: row.version,
      hash: row.hash,
      anchoredAt: row.anchored_at,
      keyId: row.key_id,
      signature: row.signature,
    }
  }
}
