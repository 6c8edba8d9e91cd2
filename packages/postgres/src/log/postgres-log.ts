import { checkMaxRecords } from '@millrace/contracts'
import type { EventLog, LogBatch, LogLag, Position, ReadBatchOptions, StoredEvent } from '@millrace/contracts'

import { archivedEnd, explainArchived } from '../partitions/archived-reads.ts'
import { checkGeneration, filterSelection } from '../read/log-selection.ts'
import { RowPlaces, storedRowOf } from '../read/stored-row.ts'
import { checkReplaced } from '../replace/check-replaced.ts'
import { formerPosition } from '../replace/former-position.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { batchText, logTexts } from './log-texts.ts'
import type { LogTexts } from './log-texts.ts'
import { SettledSequence } from './settled-sequence.ts'
import type { WakeUp } from './wake-up.ts'

interface CommitRow {
  readonly seq: number
  readonly event_count: number
  readonly payload_bytes: number
}

/** What a log is read with. */
export interface LogParts {
  readonly database: SqlDatabase
  readonly schema: SchemaName
  readonly name: string
  readonly formerGenerations: readonly string[]
  readonly generation: string
  readonly wakeUp: WakeUp
  /** Fires when the store closes. */
  readonly closed: AbortSignal
  /** Called before the first wait: from then on other processes' commits wake this one. */
  readonly listen: () => void
}

const defaultMaxRecords = 500
const batchBytes = 4_000_000
const exactLag = 100_000
const firstPauseMs = 10
const longestPauseMs = 1_000
const settleMs = 2_000

/** The whole log of one schema, in the order of its commit sequence. */
export class PostgresLog implements EventLog<StoredEvent> {
  readonly name: string
  readonly formerGenerations: readonly string[]
  readonly #parts: LogParts
  readonly #texts: LogTexts
  readonly #commits: SettledSequence<CommitRow>

  constructor(parts: LogParts) {
    const { database, schema } = parts
    this.name = `${parts.name}.events`
    this.formerGenerations = parts.formerGenerations
    this.#parts = parts
    this.#texts = logTexts(schema)
    const { commits, lastCommit, commitBeforeHole } = this.#texts
    this.#commits = new SettledSequence(database, {
      after: (seq, limit) => database.query<CommitRow>(commits, [seq, limit]),
      last: async () => (await database.query<CommitRow>(lastCommit))[0],
      beforeHole: async (seq) => (await database.query<CommitRow>(commitBeforeHole, [seq]))[0],
    })
  }

  async translate(former: Position): Promise<Position | undefined> {
    this.#parts.closed.throwIfAborted()
    const { database, schema } = this.#parts
    return await formerPosition(database, schema, former)
  }

  async archived(): Promise<Position | undefined> {
    this.#parts.closed.throwIfAborted()
    const { database, schema, generation } = this.#parts
    return await archivedEnd(database, schema, generation)
  }

  async beginning(): Promise<Position> {
    this.#parts.closed.throwIfAborted()
    return this.#position(0, 0)
  }

  async head(): Promise<Position> {
    this.#parts.closed.throwIfAborted()
    return this.#endOf((await this.#commits.ends()).settled)
  }

  async readBatch(after: Position, options: ReadBatchOptions = {}): Promise<LogBatch<StoredEvent>> {
    const { maxRecords = defaultMaxRecords, filter = {}, signal } = options
    checkMaxRecords(options.maxRecords)
    this.#check(after)
    signal?.throwIfAborted()
    const commits = cut(await this.#commits.read(after.commit, maxRecords), maxRecords)
    const last = commits.at(-1)
    if (last === undefined) return { records: [], end: after }
    const { conditions, values } = filterSelection(filter, [after.commit, last.seq])
    const { database, schema } = this.#parts
    const rows = await explainArchived(this.name, database.queryText(batchText(schema, conditions), values))
    const places = new RowPlaces(this.#parts.generation)
    return {
      records: rows.map((row) => storedRowOf(row, places)),
      end: this.#position(last.seq, last.event_count - 1),
    }
  }

  async readAt(position: Position): Promise<StoredEvent | undefined> {
    this.#check(position)
    const [row] = await this.#parts.database.queryText(this.#texts.eventAt, [position.commit, position.index])
    return row === undefined ? undefined : storedRowOf(row, new RowPlaces(this.#parts.generation))
  }

  async waitForMore(
    after: Position,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<boolean> {
    this.#check(after)
    const hasMore = async (): Promise<boolean> => (await this.#commits.read(after.commit, 1)).length > 0
    if (await this.#until(hasMore, options)) return true
    // Nothing will ever follow where another log has taken this one's place.
    if (!this.#parts.closed.aborted) await checkReplaced(this.#parts.database, this.#parts.schema)
    return false
  }

  async lag(after: Position): Promise<LogLag> {
    this.#check(after)
    const { database } = this.#parts
    const [oldest] = await database.query<{ recorded_at: number }>(this.#texts.oldestAfter, [after.commit])
    if (oldest === undefined) return { records: 0, oldest: undefined }
    const [counted] = await database.query<{ records: number }>(this.#texts.countAfter, [
      after.commit,
      exactLag + 1,
    ])
    const records = counted?.records ?? 0
    return {
      records: records <= exactLag ? records : await this.#estimate(after),
      oldest: new Date(oldest.recorded_at),
    }
  }

  /**
   * The head as soon as it includes every commit that is visible now, so that a read sees what was appended before it.
   * Behind a transaction that stays open longer than two seconds: the head as far as it is settled.
   */
  async settledHead(signal: AbortSignal | undefined): Promise<Position> {
    const { visible, settled } = await this.#commits.ends()
    let head = this.#endOf(settled)
    if (visible === undefined || head.commit >= visible.seq) return head
    const isSettled = async (): Promise<boolean> => {
      head = await this.head()
      return head.commit >= visible.seq
    }
    await this.#until(isSettled, { timeoutMs: settleMs, ...(signal === undefined ? {} : { signal }) })
    signal?.throwIfAborted()
    return head
  }

  /**
   * Resolves once the log reaches the position: it is visible, and nothing before it can still be committed.
   * @throws the signal's reason
   */
  async waitFor(position: Position, signal: AbortSignal | undefined): Promise<void> {
    const isReached = async (): Promise<boolean> => (await this.head()).commit >= position.commit
    while (
      !(await this.#until(isReached, {
        timeoutMs: longestPauseMs,
        ...(signal === undefined ? {} : { signal }),
      }))
    ) {
      signal?.throwIfAborted()
      this.#parts.closed.throwIfAborted()
    }
  }

  async #estimate(after: Position): Promise<number> {
    const [row] = await this.#parts.database.query<{ commits: number; size: number }>(
      this.#texts.estimateAfter,
      [after.commit],
    )
    return Math.max(exactLag + 1, Math.round((row?.commits ?? 0) * (row?.size ?? 1)))
  }

  /** Looks at once, at each wake-up, and in growing pauses; the pauses are the guarantee. */
  async #until(
    condition: () => Promise<boolean>,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<boolean> {
    const { wakeUp, closed, listen } = this.#parts
    const ends = performance.now() + options.timeoutMs
    const signal = options.signal === undefined ? closed : AbortSignal.any([options.signal, closed])
    listen()
    for (let pauseMs = firstPauseMs; ;) {
      using waiting = wakeUp.begin()
      if (await condition()) return true
      const leftMs = ends - performance.now()
      if (leftMs <= 0 || signal.aborted) return false
      pauseMs = (await waiting.forAtMost(Math.min(pauseMs, leftMs), signal))
        ? firstPauseMs
        : Math.min(pauseMs * 2, longestPauseMs)
    }
  }

  #check(position: Position): void {
    this.#parts.closed.throwIfAborted()
    checkGeneration(position, this.#parts.generation)
  }

  /** Behind a commit; before the first where there is none. */
  #endOf(commit: CommitRow | undefined): Position {
    return commit === undefined ? this.#position(0, 0) : this.#position(commit.seq, commit.event_count - 1)
  }

  #position(commit: number, index: number): Position {
    return { generation: this.#parts.generation, commit, index }
  }
}

/** The commits up to the one that reaches the number of records, or the bytes; at least one. */
function cut(commits: readonly CommitRow[], maxRecords: number): readonly CommitRow[] {
  let [records, bytes] = [0, 0]
  const end = commits.findIndex(({ event_count, payload_bytes }) => {
    records += event_count
    bytes += payload_bytes
    return records >= maxRecords || bytes >= batchBytes
  })
  return end < 0 ? commits : commits.slice(0, end + 1)
}
