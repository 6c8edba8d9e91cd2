import { ConcurrencyError, failpoint } from '@millrace/contracts'
import type { CopiedCommit, EventStore, LogCopy, Position, StreamId } from '@millrace/contracts'

import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase, SqlTransaction } from '../sql/sql-database.ts'
import { headValues } from './copied-head.ts'
import type { HeadRow } from './copied-head.ts'
import { CopiedRows } from './copied-rows.ts'
import { copyStatements } from './copy-statements.ts'
import type { CopyStatements } from './copy-statements.ts'

/** What a copy is made of. */
export interface PostgresCopyParts {
  readonly database: SqlDatabase
  readonly source: SchemaName
  readonly schema: SchemaName
  /** Over the copy. */
  readonly store: EventStore
}

interface Progress {
  readonly sourceSeq: number
  readonly lastSeq: number
}

const isTombstone = ({ writes }: CopiedCommit): boolean =>
  writes.some(({ tombstone }) => tombstone !== undefined)

/** A copy of a log in another schema of the same database. Rows and progress are written in one transaction. */
export class PostgresCopy implements LogCopy {
  readonly store: EventStore
  readonly #parts: PostgresCopyParts
  readonly #statements: CopyStatements
  readonly #progressText: string

  constructor(parts: PostgresCopyParts) {
    this.store = parts.store
    this.#parts = parts
    this.#statements = copyStatements(parts.source, parts.schema)
    this.#progressText = inSchema('select source_seq as "sourceSeq" from :schema.log_copy', parts.schema)
  }

  async progress(): Promise<number> {
    const [row] = await this.#parts.database.query<Pick<Progress, 'sourceSeq'>>(this.#progressText)
    return row?.sourceSeq ?? 0
  }

  async append(commits: readonly CopiedCommit[], end: Position): Promise<void> {
    await this.#parts.database.transaction(async (tx) => {
      await this.#write(tx, commits, end)
      await failpoint('migrate:before-commit')
    })
    await failpoint('migrate:after-commit')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store[Symbol.asyncDispose]()
  }

  async #write(tx: SqlTransaction, commits: readonly CopiedCommit[], end: Position): Promise<void> {
    const [progress] = await tx.query<Progress>(this.#statements.lockProgress)
    const first = commits[0]?.source.commit ?? end.commit
    if (progress === undefined || progress.sourceSeq >= first)
      throw new ConcurrencyError({
        streamId: this.#parts.schema,
        expected: first,
        actual: progress?.sourceSeq ?? 0,
      })
    const ids = new Set(commits.flatMap(({ writes }) => writes.map(({ streamId }) => streamId)))
    const heads = await tx.query<HeadRow>(this.#statements.readHeads, [[...ids]])
    const rows = new CopiedRows(heads, progress.lastSeq)
    for (const commit of commits) {
      if (isTombstone(commit)) await this.#erase(tx, rows, commit)
      rows.add(commit)
    }
    await this.#flush(tx, rows)
    if (commits.length > 0) await tx.query(this.#statements.moveSequence, [rows.lastSeq])
    await tx.execute(this.#statements.saveProgress, [end.commit])
  }

  /** What was copied of a stream before it was closed in the source. */
  async #erase(tx: SqlTransaction, rows: CopiedRows, { writes }: CopiedCommit): Promise<void> {
    await this.#flush(tx, rows)
    for (const { streamId, tombstone } of writes)
      if (tombstone !== undefined) await tx.query(this.#statements.eraseEvents, [streamId satisfies StreamId])
  }

  async #flush(tx: SqlTransaction, rows: CopiedRows): Promise<void> {
    if (rows.isEmpty) return
    const { commits, events, heads } = rows.take()
    await tx.execute(this.#statements.writeHeads, headValues(heads))
    await tx.execute(this.#statements.writeCommits, commits)
    await tx.execute(this.#statements.writeEvents, events)
  }
}
