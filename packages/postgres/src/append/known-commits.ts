import { DuplicateEventError } from '@millrace/contracts'
import type {
  AppendReceipt,
  CommitId,
  CommitReceipt,
  EventVersion,
  ForeignId,
  StreamId,
} from '@millrace/contracts'

import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlSession } from '../sql/sql-database.ts'
import type { PreparedCommit } from './prepared-commit.ts'

interface CommitRow {
  readonly seq: number
  readonly commit_id: string
  readonly fingerprint: Uint8Array | null
  readonly stream_ids: readonly string[]
  readonly versions: readonly number[]
  readonly last_indexes: readonly number[]
}

const columns = 'seq, commit_id, fingerprint, stream_ids, versions, last_indexes'

/** Finds the commits that were recorded already, for those who repeat them. */
export class KnownCommits {
  readonly #byId: string
  readonly #byForeignId: string
  readonly #generation: string

  constructor(schema: SchemaName, generation: string) {
    this.#generation = generation
    this.#byId = inSchema(`select ${columns} from :schema.commits where commit_id = $1`, schema)
    this.#byForeignId = inSchema(
      `select ${columns} from :schema.commits where seq = (select commit_seq from :schema.foreign_ids where source = $1 and id = $2)`,
      schema,
    )
  }

  /**
   * The first result of a commit that repeats another, undefined for a new one.
   * @throws {@link DuplicateEventError} when its id was used for other content
   */
  async find(
    session: SqlSession,
    { commitId, fingerprint, foreignId }: PreparedCommit,
  ): Promise<CommitReceipt | undefined> {
    const mapped = foreignId === undefined ? undefined : await this.#mapped(session, foreignId)
    if (mapped !== undefined) return this.#receipt(mapped)
    if (fingerprint === undefined) return undefined
    const [known] = await session.query<CommitRow>(this.#byId, [commitId])
    if (known === undefined) return undefined
    if (known.fingerprint === null || !fingerprint.equals(known.fingerprint))
      throw new DuplicateEventError(commitId, 'was used for a commit with other content')
    return this.#receipt(known)
  }

  async #mapped(session: SqlSession, { source, id }: ForeignId): Promise<CommitRow | undefined> {
    const [row] = await session.query<CommitRow>(this.#byForeignId, [source, id])
    return row
  }

  #receipt(row: CommitRow): CommitReceipt {
    const commitId = row.commit_id as CommitId
    const streams = row.stream_ids.map((streamId, i): AppendReceipt => {
      const index = row.last_indexes[i] ?? -1
      const position = index < 0 ? undefined : { generation: this.#generation, commit: row.seq, index }
      return {
        streamId: streamId as StreamId,
        version: (row.versions[i] ?? 0) as EventVersion,
        position,
        commitId: position === undefined ? undefined : commitId,
        replayed: true,
      }
    })
    return { commitId, replayed: true, streams }
  }
}
