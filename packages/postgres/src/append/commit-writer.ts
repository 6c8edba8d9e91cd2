import {
  checkHead,
  ConcurrencyError,
  failpoint,
  InvalidValueError,
  noHead,
  StreamNotFoundError,
  StreamTombstonedError,
  tombstoneType,
} from '@millrace/contracts'
import type {
  AppendReceipt,
  CommitFeeder,
  CommitId,
  CommitReceipt,
  EventVersion,
  StreamHead,
  StreamId,
} from '@millrace/contracts'

import { LogFence } from '../replace/log-fence.ts'
import { inSchema } from '../sql/schema-name.ts'
import type { SqlSession, SqlTransaction } from '../sql/sql-database.ts'
import { hasSqlState, sqlState } from '../sql/sql-error.ts'
import { mapAppendError } from './appender.ts'
import type { AppendParts } from './appender.ts'
import { commitStatements } from './commit-statements.ts'
import type { CommitStatements } from './commit-statements.ts'
import { mixedValues } from './event-values.ts'
import { eventIdsOf } from './prepared-commit.ts'
import type { PreparedCommit, PreparedWrite } from './prepared-commit.ts'
import { readFedCommit } from './read-fed-commit.ts'

interface HeadRow {
  readonly stream_id: string
  readonly version: number
  readonly previous_occurred_at: number
  readonly tombstoned: boolean
}

type Heads = ReadonlyMap<string, StreamHead>

const maxTries = 100

/** Ends the transaction of a commit whose id, or foreign id, turns out to be known. */
class RepeatedCommit extends Error {}

/** What a feeder failed with, kept apart from failures of the append itself. */
class FeedingFailed extends Error {
  readonly reason: unknown
  constructor(reason: unknown) {
    super('a read model could not be fed')
    this.reason = reason
  }

  /** Another writer of the read model came in between. */
  get mayPass(): boolean {
    return hasSqlState(this.reason, sqlState.documentChanged) || hasSqlState(this.reason, sqlState.deadlock)
  }
}

const isWritten = ({ events }: PreparedWrite): boolean => events.length > 0

/** Writes commits over several streams, and tombstones: a transaction of a few statements. */
export class CommitWriter {
  readonly #parts: AppendParts
  readonly #statements: CommitStatements
  readonly #tombstoneText: string

  constructor(parts: AppendParts) {
    this.#parts = parts
    this.#statements = commitStatements(parts.schema)
    this.#tombstoneText = inSchema(
      'select commit_seq, commit_index, version, commit_id from :schema.events where stream_id = $1 order by version desc limit 1',
      parts.schema,
    )
  }

  /** Records all writes or none. */
  async commit(commit: PreparedCommit, feeder?: CommitFeeder): Promise<CommitReceipt> {
    const fence = new LogFence()
    for (let tries = 1; ; tries++) {
      try {
        return await this.#write(commit, feeder)
      } catch (error) {
        if (error instanceof FeedingFailed) {
          if (error.mayPass && tries < maxTries) continue
          throw error.reason
        }
        if (await fence.passes(error)) continue
        const found = await this.#explain(commit, error)
        if (found !== undefined) return found
        if (tries >= maxTries) throw error
      }
    }
  }

  /** Closes the stream of the commit's one write, whose one event is the tombstone. */
  async tombstone(commit: PreparedCommit, write: PreparedWrite): Promise<AppendReceipt> {
    const fence = new LogFence()
    for (;;) {
      try {
        return await this.#close(commit, write)
      } catch (error) {
        if (!(await fence.passes(error))) throw error
      }
    }
  }

  async #close(commit: PreparedCommit, write: PreparedWrite): Promise<AppendReceipt> {
    const { database } = this.#parts
    const receipt = await database.transaction(async (tx) => {
      const head = (await this.#lock(tx, [write])).get(write.streamId)
      if (head === undefined) throw new StreamNotFoundError(write.streamId)
      if (head.tombstoned) return await this.#firstTombstone(tx, write.streamId)
      checkHead(head, write)
      await tx.query(this.#statements.deleteEvents, [write.streamId])
      const { streams } = await this.#record(tx, commit, await this.#move(tx, [write]))
      await tx.execute(this.#statements.closeHead, [write.streamId])
      await failpoint('append:before-commit')
      return streams[0]
    })
    if (receipt === undefined) throw new Error(`tombstone of ${write.streamId} has no receipt`)
    await this.#committed(receipt.replayed)
    return receipt
  }

  async #write(commit: PreparedCommit, feeder: CommitFeeder | undefined): Promise<CommitReceipt> {
    const receipt = await this.#parts.database.transaction(async (tx) => {
      const moved = await this.#move(tx, commit.writes.filter(isWritten))
      const locked = await this.#lock(
        tx,
        commit.writes.filter((write) => !isWritten(write)),
      )
      const heads = new Map([...moved, ...locked])
      for (const write of commit.writes) checkHead(heads.get(write.streamId) ?? noHead, write)
      const recorded = await this.#record(tx, commit, heads)
      if (feeder !== undefined) await this.#feed(tx, recorded, feeder)
      await failpoint('append:before-commit')
      return recorded
    })
    await this.#committed(receipt.commitId === undefined)
    return receipt
  }

  /** @throws {@link FeedingFailed} */
  async #feed(tx: SqlTransaction, { streams }: CommitReceipt, feeder: CommitFeeder): Promise<void> {
    const position = streams.find((stream) => stream.position !== undefined)?.position
    if (position === undefined) return
    const commit = await readFedCommit(tx, this.#parts, position.commit)
    try {
      await feeder(commit, tx)
    } catch (reason) {
      throw new FeedingFailed(reason)
    }
  }

  /** The first result of a repeat, undefined where the commit may be tried again. @throws the error it was refused with */
  async #explain(commit: PreparedCommit, error: unknown): Promise<CommitReceipt | undefined> {
    // Locks are taken in one order; only a stream that is checked and not written can still close a circle.
    if (hasSqlState(error, sqlState.deadlock)) return undefined
    const repeated = error instanceof RepeatedCommit || hasSqlState(error, sqlState.uniqueViolation)
    if (!repeated && !isRefusal(error))
      throw mapAppendError(error, { events: commit.writes.flatMap(({ events }) => events) })
    // Looked for last: under the heads' locks a racing twin has either committed or gone.
    const replayed = await this.#parts.known.find(this.#parts.database, commit)
    if (replayed === undefined && !repeated) throw error
    return replayed
  }

  async #committed(nothingNew: boolean): Promise<void> {
    if (nothingNew) return
    await failpoint('append:after-commit')
    this.#parts.onCommitted()
  }

  /** The heads as they were before they were moved. */
  async #move(tx: SqlTransaction, writes: readonly PreparedWrite[]): Promise<Heads> {
    if (writes.length === 0) return new Map()
    const sizes = new Map(writes.map(({ streamId, events }) => [streamId as string, events.length]))
    const rows = await tx.query<HeadRow>(this.#statements.moveHeads, [
      writes.map(({ streamId }) => streamId),
      writes.map(({ category }) => category),
      writes.map(({ events }) => events.length),
      writes.map(({ lastOccurredAt }) => lastOccurredAt),
      writes.map(({ payloadBytes }) => payloadBytes),
      writes.map(({ largestPayload }) => largestPayload),
    ])
    return headsOf(rows, (row) => row.version - (sizes.get(row.stream_id) ?? 0))
  }

  async #lock(tx: SqlTransaction, writes: readonly PreparedWrite[]): Promise<Heads> {
    if (writes.length === 0) return new Map()
    const rows = await tx.query<HeadRow>(this.#statements.lockHeads, [writes.map(({ streamId }) => streamId)])
    return headsOf(rows, (row) => row.version)
  }

  async #record(tx: SqlTransaction, commit: PreparedCommit, heads: Heads): Promise<CommitReceipt> {
    const { writes, commitId, fingerprint, foreignId } = commit
    const events = writes.flatMap((write) => write.events)
    const streams = receiptsOf(writes, heads)
    if (events.length === 0) return this.#receipt(undefined, streams)
    const [row] = await tx.query<{ seq: number }>(this.#statements.record, [
      commitId,
      fingerprint ?? null,
      events.length,
      writes.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0),
      streams.map(({ streamId }) => streamId),
      streams.map(({ version }) => version),
      streams.map(({ lastIndex }) => lastIndex),
      ...mixedValues(events, eventIdsOf(commit, this.#parts.mint)),
      ...placesOf(writes, heads),
      foreignId?.source ?? null,
      foreignId?.id ?? null,
    ])
    if (row === undefined) throw new RepeatedCommit(`commit ${commitId} is known`)
    if (foreignId !== undefined)
      await tx.execute(this.#statements.mapForeignId, [foreignId.source, foreignId.id, row.seq])
    return this.#receipt({ commitId, seq: row.seq }, streams)
  }

  #receipt(
    recorded: { readonly commitId: CommitId; readonly seq: number } | undefined,
    streams: readonly StreamResult[],
  ): CommitReceipt {
    const { generation } = this.#parts
    const receipts = streams.map(({ streamId, version, lastIndex }): AppendReceipt => {
      const written = lastIndex < 0 ? undefined : recorded
      const position =
        written === undefined ? undefined : { generation, commit: written.seq, index: lastIndex }
      return { streamId, version, position, commitId: written?.commitId, replayed: false }
    })
    return { commitId: recorded?.commitId, replayed: false, streams: receipts }
  }

  async #firstTombstone(session: SqlSession, streamId: StreamId): Promise<AppendReceipt | undefined> {
    interface Row {
      readonly commit_seq: number
      readonly commit_index: number
      readonly version: number
      readonly commit_id: string
    }
    const [row] = await session.query<Row>(this.#tombstoneText, [streamId])
    if (row === undefined) throw new Error(`tombstoned stream ${streamId} has no ${tombstoneType} event`)
    return {
      streamId,
      version: row.version as EventVersion,
      position: { generation: this.#parts.generation, commit: row.commit_seq, index: row.commit_index },
      commitId: row.commit_id as CommitId,
      replayed: true,
    }
  }
}

function isRefusal(error: unknown): boolean {
  return (
    error instanceof ConcurrencyError ||
    error instanceof StreamNotFoundError ||
    error instanceof StreamTombstonedError ||
    error instanceof InvalidValueError
  )
}

function headsOf(rows: readonly HeadRow[], versionOf: (row: HeadRow) => number): Heads {
  return new Map(
    rows.map((row) => [
      row.stream_id,
      { version: versionOf(row), tombstoned: row.tombstoned, occurredAt: row.previous_occurred_at },
    ]),
  )
}

interface StreamResult {
  readonly streamId: StreamId
  readonly version: EventVersion
  /** Index in the commit of the stream's last event; -1 where it has none. */
  readonly lastIndex: number
}

function receiptsOf(writes: readonly PreparedWrite[], heads: Heads): readonly StreamResult[] {
  let index = -1
  return writes.map(({ streamId, events }) => {
    index += events.length
    const version = ((heads.get(streamId) ?? noHead).version + events.length) as EventVersion
    return { streamId, version, lastIndex: events.length === 0 ? -1 : index }
  })
}

/** Stream id, version, occurred-at and bucket of each event, as lists. */
function placesOf(writes: readonly PreparedWrite[], heads: Heads): readonly unknown[][] {
  const places = writes.flatMap(({ streamId, bucket, events, occurredAt, lastOccurredAt }) => {
    const head = heads.get(streamId) ?? noHead
    return events.map((_, i) => [
      streamId,
      head.version + i + 1,
      Math.max(occurredAt?.[i] ?? lastOccurredAt, head.occurredAt),
      bucket,
    ])
  })
  return [0, 1, 2, 3].map((column) => places.map((place) => place[column]))
}
