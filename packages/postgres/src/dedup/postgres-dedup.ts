import {
  checkClaim,
  checkDone,
  checkReleaseClaims,
  createIdFactory,
  defaultDedupTtlMs,
  parseCommitId,
} from '@millrace/contracts'
import type { ClaimOptions, CommitId, Dedup, DedupClaim, DedupEntry, DoneOptions } from '@millrace/contracts'

import { prepareSchema } from '../migrations/migrate.ts'
import type { MigrateMode } from '../migrations/migrate.ts'
import { defaultSchema, inSchema, parseSchemaName } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { claimIds, forgetIds, markDone, readIds, releaseIds } from './dedup-statements.ts'

/** Settings of {@link openPostgresDedup}. */
export interface PostgresDedupOptions {
  /** Stays the caller's to close. */
  readonly database: SqlDatabase
  /** The schema of the tables. @defaultValue `'millrace'` */
  readonly schema?: string
  /**
   * `run` creates the tables and brings older ones up to this release; `refuse` changes nothing and throws a
   * {@link ConfigurationError} for tables that are missing or older. @defaultValue `'run'`
   */
  readonly migrate?: MigrateMode
}

interface SeenRow {
  readonly id: string
  readonly commit_id: string
  readonly lease_until: Date | null
}

/** Each id that is claimed makes room for itself and one more. */
const forgottenPerId = 2

class PostgresDedup implements Dedup {
  readonly #database: SqlDatabase
  readonly #schema: SchemaName
  readonly #mint = createIdFactory()

  constructor(database: SqlDatabase, schema: SchemaName) {
    this.#database = database
    this.#schema = schema
  }

  async claim(source: string, ids: readonly string[], options: ClaimOptions): Promise<readonly DedupClaim[]> {
    checkClaim(source, ids, options)
    const different = [...new Set(ids)]
    await this.#database.execute(this.#text(forgetIds), [different.length * forgottenPerId])
    const outcomes = new Map<string, DedupClaim>()
    for (let left = different; left.length > 0; left = left.filter((id) => !outcomes.has(id)))
      // What is neither claimed nor found became free between the two statements.
      for (const claim of await this.#claimAll(source, left, options)) outcomes.set(claim.id, claim)
    const until = new Date(Date.now() + options.leaseMs)
    const told = new Set<string>()
    return ids.map((id) => {
      const claim = outcomes.get(id) ?? { kind: 'processing', id, until }
      const again = told.has(id) && (claim.kind === 'new' || claim.kind === 'retry')
      told.add(id)
      return again ? { kind: 'processing', id, until } : claim
    })
  }

  async done(
    source: string,
    entries: readonly DedupEntry[],
    options: DoneOptions = {},
  ): Promise<readonly string[]> {
    checkDone(source, entries, options)
    const commitIds = new Map(entries.map(({ id, commitId }) => [id, commitId]))
    const values = [
      source,
      [...commitIds.keys()],
      [...commitIds.values()],
      options.ttlMs ?? defaultDedupTtlMs,
    ]
    const rows = await this.#database.query<{ id: string }>(this.#text(markDone), values)
    const marked = new Set(rows.map(({ id }) => id))
    return entries.map(({ id }) => id).filter((id) => !marked.has(id))
  }

  async release(source: string, ids: readonly string[], owner: string): Promise<void> {
    checkReleaseClaims(source, ids, owner)
    await this.#database.execute(this.#text(releaseIds), [source, ids, owner])
  }

  async #claimAll(
    source: string,
    ids: readonly string[],
    { owner, leaseMs, ttlMs = defaultDedupTtlMs }: ClaimOptions,
  ): Promise<readonly DedupClaim[]> {
    const minted = ids.map(() => parseCommitId(this.#mint()))
    const values = [source, ids, minted, owner, leaseMs, ttlMs]
    const claimed = await this.#database.query<SeenRow>(this.#text(claimIds), values)
    const fresh = new Set<string>(minted)
    const claims = claimed.map(({ id, commit_id: commitId }): DedupClaim => {
      const kind = fresh.has(commitId) ? 'new' : 'retry'
      return { kind, id, commitId: commitId as CommitId }
    })
    if (claims.length === ids.length) return claims
    const mine = new Set(claims.map(({ id }) => id))
    const others = ids.filter((id) => !mine.has(id))
    const seen = await this.#database.query<SeenRow>(this.#text(readIds), [source, others])
    return [...claims, ...seen.map(seenClaim)]
  }

  #text(statement: string): string {
    return inSchema(statement, this.#schema)
  }
}

function seenClaim({ id, commit_id: commitId, lease_until: until }: SeenRow): DedupClaim {
  if (until === null) return { kind: 'done', id, commitId: commitId as CommitId }
  return { kind: 'processing', id, until }
}

/**
 * Foreign ids in a table, on `pg` and PGlite alike; brings the tables up to this release. Nothing is held but the database,
 * so there is nothing to close. Where the events lie in the same database, `foreignId` of an append does the same within
 * the append's own transaction.
 *
 * @throws {@link ConfigurationError} for a bad schema name or a schema newer than this release
 */
export async function openPostgresDedup(options: PostgresDedupOptions): Promise<Dedup> {
  const schema = parseSchemaName(options.schema ?? defaultSchema)
  await prepareSchema(options.database, schema, options.migrate)
  return new PostgresDedup(options.database, schema)
}
