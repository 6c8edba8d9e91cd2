import { checkHead, EventSerializationError, failpoint, Lanes, noHead } from '@millrace/contracts'
import type { CommitReceipt, EventVersion, IdFactory, StreamHead, StreamId } from '@millrace/contracts'

import { LogFence } from '../replace/log-fence.ts'
import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase, SqlSession, TextRow } from '../sql/sql-database.ts'
import { hasSqlState, sqlState } from '../sql/sql-error.ts'
import type { AppendKind, AppendValues } from './append-parameters.ts'
import { AppendStatements } from './append-statements.ts'
import { eventValues } from './event-values.ts'
import type { EventValues } from './event-values.ts'
import type { KnownCommits } from './known-commits.ts'
import { eventIdsOf } from './prepared-commit.ts'
import type { PreparedCommit, PreparedWrite } from './prepared-commit.ts'

/** What the writing side of a store is made of. */
export interface AppendParts {
  readonly database: SqlDatabase
  readonly schema: SchemaName
  readonly generation: string
  readonly known: KnownCommits
  readonly mint: IdFactory
  /** Called after each commit of ours. */
  readonly onCommitted: () => void
}

/** Each try ends in a row, an answer or an error, unless another writer came in between; that can go on for a while. */
const maxTries = 100

function kindOf(
  { fingerprint, foreignId }: PreparedCommit,
  { expected, firstGivenAt }: PreparedWrite,
  { shape, metadata }: EventValues,
): AppendKind {
  return {
    head: expected === 'any' || expected === 'no-stream' ? expected : 'exists',
    shape,
    versioned: typeof expected === 'number',
    timed: firstGivenAt !== undefined,
    described: metadata !== null,
    named: fingerprint !== undefined,
    foreign: foreignId !== undefined,
  }
}

function valuesOf(
  { commitId, fingerprint, foreignId }: PreparedCommit,
  write: PreparedWrite,
  { eventIds, types, payloads, metadata, correlationId, causationId, tenant, traceId }: EventValues,
): AppendValues {
  return {
    streamId: write.streamId,
    category: write.category,
    eventCount: write.events.length,
    occurredAt: write.lastOccurredAt,
    expected: write.expected,
    firstGivenAt: write.firstGivenAt,
    payloadBytes: write.payloadBytes,
    largestPayload: write.largestPayload,
    bucket: write.bucket,
    commitId,
    fingerprint,
    eventIds,
    types,
    payloads,
    metadata,
    correlationId,
    causationId,
    tenant,
    traceId,
    foreignSource: foreignId?.source,
    foreignId: foreignId?.id,
  }
}

/** Maps what the database says of a payload that is not what its content type says. */
export function mapAppendError(error: unknown, { events }: Pick<PreparedWrite, 'events'>): unknown {
  if (!hasSqlState(error, sqlState.invalidText) && !hasSqlState(error, sqlState.invalidCharacters))
    return error
  const [first] = events
  return new EventSerializationError(first?.type ?? '', 'its serializer gave text that is not JSON', {
    cause: error,
  })
}

/** Appends to one stream: one statement, one round trip, unless it is refused. */
export class Appender {
  readonly #parts: AppendParts
  readonly #statements: AppendStatements
  readonly #lanes = new Lanes()
  readonly #headText: string

  constructor(parts: AppendParts) {
    this.#parts = parts
    this.#statements = new AppendStatements(parts.schema)
    this.#headText = inSchema(
      'select version, tombstoned_at is not null as tombstoned, occurred_at as "occurredAt" from :schema.streams where stream_id = $1',
      parts.schema,
    )
  }

  /** Records the commit's one write, or says why not. */
  append(commit: PreparedCommit, write: PreparedWrite): Promise<CommitReceipt> {
    return this.#lanes.run(write.streamId, () => this.#record(commit, write))
  }

  async head(session: SqlSession, streamId: StreamId): Promise<StreamHead> {
    const [row] = await session.query<StreamHead>(this.#headText, [streamId])
    return row ?? noHead
  }

  // One function, and few it waits for: each that is asynchronous is a hundredth of what an append costs its process.
  async #record(commit: PreparedCommit, write: PreparedWrite): Promise<CommitReceipt> {
    const before = failpoint('append:before-commit')
    if (before !== undefined) await before
    const fence = new LogFence()
    for (let tries = 1; ; tries++) {
      let refusal: unknown
      try {
        const [row] = await this.#send(commit, write)
        if (row !== undefined) {
          const after = failpoint('append:after-commit')
          if (after !== undefined) await after
          return this.#recorded(commit, write, row)
        }
      } catch (error) {
        if (await fence.passes(error)) continue
        if (!hasSqlState(error, sqlState.uniqueViolation)) throw mapAppendError(error, write)
        refusal = error
      }
      const replayed = await this.#explain(commit, write)
      if (replayed !== undefined) return replayed
      if (tries >= maxTries)
        throw new Error(`append to ${write.streamId} was refused ${tries} times`, { cause: refusal })
    }
  }

  #send(commit: PreparedCommit, write: PreparedWrite): Promise<readonly TextRow[]> {
    const events = eventValues(write.events, write.occurredAt, eventIdsOf(commit, this.#parts.mint))
    const { text, parameters } = this.#statements.of(kindOf(commit, write, events))
    const values = valuesOf(commit, write, events)
    const sent: unknown[] = parameters.map((name) => values[name])
    sent.push(...events.lists)
    return this.#parts.database.queryText(text, sent)
  }

  #recorded(
    { commitId }: PreparedCommit,
    { streamId, events }: PreparedWrite,
    [version, seq]: TextRow,
  ): CommitReceipt {
    this.#parts.onCommitted()
    const position = { generation: this.#parts.generation, commit: Number(seq), index: events.length - 1 }
    const stream = { streamId, version: Number(version) as EventVersion, position, commitId, replayed: false }
    return { commitId, replayed: false, streams: [stream] }
  }

  /** The first result of a repeat; undefined when the reason has passed and the append may be tried again. */
  async #explain(commit: PreparedCommit, write: PreparedWrite): Promise<CommitReceipt | undefined> {
    const { database, known } = this.#parts
    const replayed = await known.find(database, commit)
    if (replayed !== undefined) return replayed
    checkHead(await this.head(database, write.streamId), write)
    return undefined
  }
}
