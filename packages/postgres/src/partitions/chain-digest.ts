import { createHash } from 'node:crypto'

import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'

/** Where a chain's archived part ends. */
export interface ChainEnd {
  readonly streamId: string
  readonly version: number
  readonly hash: string
}

/** One hash over where the archived parts of all chains end, stream by stream in the order of the database. */
export class ChainDigest {
  readonly #hash = createHash('sha256')

  add({ streamId, version, hash }: ChainEnd): void {
    this.#hash.update(`${JSON.stringify([streamId, version, hash])}\n`)
  }

  /** In hexadecimal digits. */
  value(): string {
    return this.#hash.digest('hex')
  }
}

const chained = 'select exists (select from :schema.chain_state) as chained'

const ends = `select s.stream_id as "streamId", l.version, encode(l.hash, 'hex') as hash from :schema.streams as s
cross join lateral (select version, hash from :schema.chain_links as c where c.stream_id = s.stream_id and c.commit_seq < $2
  order by version desc limit 1) as l
where s.stream_id > $1 order by s.stream_id limit $3`

const pageSize = 1000

/** The digest of all chains up to a commit, which is settled; undefined where there is no chain. */
export async function digestChains(
  database: SqlDatabase,
  schema: SchemaName,
  before: number,
): Promise<string | undefined> {
  const [state] = await database.query<{ chained: boolean }>(inSchema(chained, schema))
  if (state?.chained !== true) return undefined
  const digest = new ChainDigest()
  for (let after = ''; ;) {
    const page = await database.query<ChainEnd>(inSchema(ends, schema), [after, before, pageSize])
    for (const end of page) digest.add(end)
    const last = page.at(-1)
    if (last === undefined || page.length < pageSize) return digest.value()
    after = last.streamId
  }
}
