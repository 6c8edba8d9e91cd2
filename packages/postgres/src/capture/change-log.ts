import { categoryOf, checkMaxRecords } from '@millrace/contracts'
import type {
  EventLog,
  LogBatch,
  LogFilter,
  LogLag,
  Position,
  ReadBatchOptions,
  StoredEvent,
} from '@millrace/contracts'

import { Announcer } from '../log/announcer.ts'
import { WakeUp } from '../log/wake-up.ts'
import { checkGeneration } from '../read/log-selection.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { ChangeIds } from './change-id.ts'
import { ChangePages } from './change-pages.ts'
import type { ChangeRow } from './change-pages.ts'
import type { ChangeTexts } from './change-texts.ts'
import { StoredChange } from './stored-change.ts'

/** What a change log is read with. */
export interface ChangeLogParts {
  readonly database: SqlDatabase
  readonly texts: ChangeTexts
  readonly name: string
  readonly generation: string
  /** Names the notifications of this log. */
  readonly channel: string
  readonly longestPauseMs: number
}

const defaultMaxRecords = 500
const exactLag = 100_000
const firstPauseMs = 5
/** A change that was seen after a longer pause than this is told to other processes, who pause as long. */
const quietPauseMs = 40

/** The recorded changes of captured tables, in the order in which the statements that made them ended. */
export class ChangeLog implements EventLog<StoredEvent>, AsyncDisposable {
  readonly name: string
  readonly #parts: ChangeLogParts
  readonly #pages: ChangePages
  readonly #ids: ChangeIds
  readonly #wakeUp = new WakeUp()
  readonly #announcer: Announcer
  readonly #closed = new AbortController()
  #listening: Promise<AsyncDisposable | undefined> | undefined

  constructor(parts: ChangeLogParts) {
    this.name = parts.name
    this.#parts = parts
    this.#pages = new ChangePages(parts.database, parts.texts)
    this.#ids = new ChangeIds(parts.generation)
    this.#announcer = new Announcer(parts.database, parts.channel, this.#wakeUp)
  }

  async beginning(): Promise<Position> {
    this.#checkOpen()
    const [row] = await this.#parts.database.query<{ pruned_seq: number }>(this.#parts.texts.facts)
    return this.#position(row?.pruned_seq ?? 0, 0)
  }

  async head(): Promise<Position> {
    this.#checkOpen()
    const { settled } = await this.#pages.ends()
    return settled === undefined ? await this.beginning() : this.#endOf(settled)
  }

  async readBatch(after: Position, options: ReadBatchOptions = {}): Promise<LogBatch<StoredEvent>> {
    const { maxRecords = defaultMaxRecords, filter, signal } = options
    checkMaxRecords(options.maxRecords)
    this.#check(after)
    signal?.throwIfAborted()
    const rows = await this.#pages.read(after.commit, maxRecords, filter)
    const last = rows.at(-1)
    if (last === undefined) return { records: [], end: after }
    const changes = rows.map(({ text }) => new StoredChange(text ?? [], this.#parts.generation, this.#ids))
    return {
      records: filter === undefined ? changes : changes.filter((change) => passes(filter, change)),
      end: this.#endOf(last),
    }
  }

  async readAt(position: Position): Promise<StoredEvent | undefined> {
    this.#check(position)
    const { database, texts, generation } = this.#parts
    const [row] = await database.queryText(texts.at, [position.commit, position.index])
    return row === undefined ? undefined : new StoredChange(row, generation, this.#ids)
  }

  async waitForMore(
    after: Position,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<boolean> {
    this.#check(after)
    const ends = performance.now() + options.timeoutMs
    const closed = this.#closed.signal
    const signal = options.signal === undefined ? closed : AbortSignal.any([options.signal, closed])
    this.#listen()
    for (let [pauseMs, woken] = [firstPauseMs, true]; ;) {
      using waiting = this.#wakeUp.begin()
      if (await this.#pages.hasMore(after.commit)) {
        if (!woken && pauseMs > quietPauseMs) this.#announcer.announce()
        return true
      }
      const leftMs = ends - performance.now()
      if (leftMs <= 0 || signal.aborted) return false
      woken = await waiting.forAtMost(Math.min(pauseMs, leftMs), signal)
      pauseMs = woken ? firstPauseMs : Math.min(pauseMs * 2, this.#parts.longestPauseMs)
    }
  }

  async lag(after: Position): Promise<LogLag> {
    this.#check(after)
    const { database, texts } = this.#parts
    const [oldest] = await database.query<{ recorded_at: number }>(texts.oldestAfter, [after.commit])
    if (oldest === undefined) return { records: 0, oldest: undefined }
    const [counted] = await database.query<{ records: number }>(texts.countAfter, [
      after.commit,
      exactLag + 1,
    ])
    const records = counted?.records ?? 0
    return {
      records: records <= exactLag ? records : await this.#estimate(after),
      oldest: new Date(oldest.recorded_at),
    }
  }

  /** Ends every wait, and stops listening. The database stays open. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort()
    this.#wakeUp.wake()
    await this.#announcer[Symbol.asyncDispose]()
    const listening = this.#listening
    this.#listening = undefined
    await (await listening)?.[Symbol.asyncDispose]()
  }

  async #estimate(after: Position): Promise<number> {
    const { database, texts } = this.#parts
    const [row] = await database.query<{ commits: number; size: number }>(texts.estimateAfter, [after.commit])
    return Math.max(exactLag + 1, Math.round((row?.commits ?? 0) * (row?.size ?? 1)))
  }

  #listen(): void {
    const { database, channel } = this.#parts
    if (!database.shared || this.#listening !== undefined || this.#closed.signal.aborted) return
    this.#listening = database
      .listen(channel, () => this.#wakeUp.wake())
      .catch(() => {
        // Those who wait poll meanwhile; the next one who waits tries again.
        this.#listening = undefined
        return undefined
      })
  }

  #check(position: Position): void {
    this.#checkOpen()
    checkGeneration(position, this.#parts.generation)
  }

  #checkOpen(): void {
    this.#closed.signal.throwIfAborted()
  }

  #endOf({ seq, lastIndex }: ChangeRow): Position {
    return this.#position(seq, lastIndex)
  }

  #position(commit: number, index: number): Position {
    return { generation: this.#parts.generation, commit, index }
  }
}

function passes({ types, categories }: LogFilter, change: StoredChange): boolean {
  return (
    (types === undefined || types.includes(change.type)) &&
    (categories === undefined || categories.includes(categoryOf(change.streamId)))
  )
}
