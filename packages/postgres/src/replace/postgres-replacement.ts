import { ConcurrencyError, ConfigurationError } from '@millrace/contracts'
import type { EventStore, LogCopy, LogReplacement, Position, ReplacementState } from '@millrace/contracts'

import { migrate } from '../migrations/migrate.ts'
import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase, SqlTransaction } from '../sql/sql-database.ts'
import { copyStatements } from './copy-statements.ts'
import { closeLogOf, completeCopyIn, lastCommitOf, markReplacedIn, openLogOf } from './fence-statements.ts'
import { PostgresCopy } from './postgres-copy.ts'
import { copyRowOf, generationOf, lockedReplacementOf, replacementOf } from './replacement-rows.ts'
import type { CopyRow } from './replacement-rows.ts'

/** What a replacement is made of. */
export interface PostgresReplacementParts {
  readonly database: SqlDatabase
  readonly from: SchemaName
  readonly to: SchemaName
  readonly generation: string
  readonly source: EventStore
  /** Opens a schema's log as it is, whatever it says of a replacement. */
  readonly openStore: (schema: SchemaName) => Promise<EventStore>
}

/** Replaces the log of one schema by its copy in another schema of the same database. */
export class PostgresReplacement implements LogReplacement {
  readonly from: string
  readonly to: string
  readonly source: EventStore
  readonly #parts: PostgresReplacementParts
  readonly #copies: LogCopy[] = []
  /** Foreign ids of the source's commits up to this one are in the copy. */
  #foreignIdsUpTo = 0

  constructor(parts: PostgresReplacementParts) {
    this.from = parts.from
    this.to = parts.to
    this.source = parts.source
    this.#parts = parts
  }

  async state(): Promise<ReplacementState> {
    const row = await replacementOf(this.#parts.database, this.#parts.from)
    if (row === undefined) return { kind: 'current' }
    return { kind: row.replacedAt === null ? 'fenced' : 'replaced', by: row.bySchema }
  }

  async findCopy(): Promise<LogCopy | undefined> {
    const { database, to } = this.#parts
    if (!(await this.#exists()) || (await this.#isEmptySchema())) return undefined
    this.#checkCopy(await copyRowOf(database, to))
    return await this.#opened()
  }

  async openCopy({ restart = false }: { readonly restart?: boolean } = {}): Promise<LogCopy> {
    const { database, from, to, generation } = this.#parts
    if (restart) await this.#discard()
    const there = await this.#exists()
    if (there) await this.#checkUsable()
    await migrate(database, to)
    await database.execute(
      inSchema(
        'insert into :schema.log_copy (source_schema, source_generation, source_seq) values ($1, $2, 0) on conflict do nothing',
        to,
      ),
      [from, generation],
    )
    this.#checkCopy(await copyRowOf(database, to))
    return await this.#opened()
  }

  async fence(): Promise<Position> {
    const { database, from, to, generation } = this.#parts
    // Most of them while others still write.
    await database.transaction(async (tx) => await this.#copyForeignIds(tx))
    const byGeneration = await generationOf(database, to)
    await database.transaction(async (tx) => await closeLogOf(tx, from, { by: to, generation, byGeneration }))
    const end = await lastCommitOf(database, from)
    return { generation, commit: end?.seq ?? 0, index: Math.max(0, (end?.events ?? 0) - 1) }
  }

  async unfence(): Promise<void> {
    const { database, from, to } = this.#parts
    await database.transaction(async (tx) => {
      const row = await replacementOf(tx, from)
      if (row?.bySchema === to && row.replacedAt === null) await openLogOf(tx, from)
    })
  }

  async complete(): Promise<void> {
    const { database, from, to } = this.#parts
    await database.transaction(async (tx) => {
      await this.#checkFenced(tx)
      await this.#copyForeignIds(tx)
      const end = await lastCommitOf(tx, to)
      await markReplacedIn(tx, from, end?.seq ?? 0)
      await completeCopyIn(tx, to)
    })
  }

  async revert(): Promise<void> {
    const { database, from, to, generation } = this.#parts
    await database.transaction(async (tx) => {
      const row = await replacementOf(tx, from)
      if (row === undefined) return
      if (row.replacedAt !== null) {
        await closeLogOf(tx, to, { by: from, generation: row.byGeneration, byGeneration: generation })
        const end = (await lastCommitOf(tx, to))?.seq ?? 0
        if (end !== (row.bySeq ?? 0))
          throw new ConcurrencyError({ streamId: to, expected: row.bySeq ?? 0, actual: end })
        await markReplacedIn(tx, to, (await lastCommitOf(tx, from))?.seq ?? 0)
      }
      await openLogOf(tx, from)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const copy of this.#copies) await copy[Symbol.asyncDispose]()
    await this.source[Symbol.asyncDispose]()
  }

  /** The fence may have been taken away, and put back, by another process meanwhile. The row stays locked. */
  async #checkFenced(tx: SqlTransaction): Promise<void> {
    const { from, to } = this.#parts
    const row = await lockedReplacementOf(tx, from)
    if (row?.bySchema !== to)
      throw new ConfigurationError('to', `another process has taken the fence of ${from} away; swap again`)
    if (row.replacedAt !== null) return
    const [actual, expected] = [(await lastCommitOf(tx, from))?.seq ?? 0, await this.#copiedUpTo(tx)]
    if (actual > expected) throw new ConcurrencyError({ streamId: from, expected, actual })
  }

  async #copiedUpTo(tx: SqlTransaction): Promise<number> {
    const [copied] = await tx.query<{ seq: number }>(
      inSchema('select source_seq as seq from :schema.log_copy', this.#parts.to),
    )
    return copied?.seq ?? 0
  }

  async #opened(): Promise<LogCopy> {
    const { database, from, to, openStore } = this.#parts
    const copy = new PostgresCopy({ database, source: from, schema: to, store: await openStore(to) })
    this.#copies.push(copy)
    return copy
  }

  async #copyForeignIds(tx: SqlTransaction): Promise<void> {
    const { from, to } = this.#parts
    const end = (await lastCommitOf(tx, from))?.seq ?? 0
    await tx.execute(copyStatements(from, to).copyForeignIds, [this.#foreignIdsUpTo, end])
    // Commits become visible out of their order, and what is not copied yet has no place to lead to.
    this.#foreignIdsUpTo = Math.min(end, await this.#copiedUpTo(tx))
  }

  /** Whether the schema has tables of ours. */
  async #exists(): Promise<boolean> {
    const [row] = await this.#parts.database.query<{ found: boolean }>(
      'select to_regclass($1) is not null as found',
      [`${this.#parts.to}.log_copy`],
    )
    return row?.found === true
  }

  /** A run that died before it had said what it copies. */
  async #isEmptySchema(): Promise<boolean> {
    const { database, to } = this.#parts
    if ((await copyRowOf(database, to)) !== undefined) return false
    return (await lastCommitOf(database, to)) === undefined
  }

  async #checkUsable(): Promise<void> {
    const { database, to } = this.#parts
    if (await this.#isEmptySchema()) return
    const row = await copyRowOf(database, to)
    this.#checkCopy(row)
    if (row?.completedAt !== null)
      throw new ConfigurationError(
        'to',
        `schema ${to} holds a log that is in use, or was; choose another name`,
      )
  }

  #checkCopy(row: CopyRow | undefined): void {
    const { from, to, generation } = this.#parts
    if (row === undefined)
      throw new ConfigurationError('to', `schema ${to} holds events and is no copy; choose another name`)
    if (row.sourceSchema !== from || row.sourceGeneration !== generation)
      throw new ConfigurationError('to', `schema ${to} holds a copy of another log; choose another name`)
  }

  /** Deletes a copy that is not in use. */
  async #discard(): Promise<void> {
    const { database, from, to } = this.#parts
    if (!(await this.#exists())) return
    const row = await copyRowOf(database, to)
    const source = await replacementOf(database, from)
    if (source?.bySchema === to)
      throw new ConfigurationError(
        'to',
        `schema ${to} is taking the place of ${from}, or has; finish or undo that first`,
      )
    if (row === undefined && !(await this.#isEmptySchema()))
      throw new ConfigurationError('to', `schema ${to} holds events and is no copy; choose another name`)
    if (row !== undefined) this.#checkCopy(row)
    await database.execute(inSchema('drop schema :schema cascade', to))
  }
}
