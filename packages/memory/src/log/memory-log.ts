import { categoryOf, checkMaxRecords, ConnectionError, LogReplacedError } from '@millrace/contracts'
import type {
  EventLog,
  LogBatch,
  LogFilter,
  LogLag,
  Position,
  ReadBatchOptions,
  StoredEvent,
} from '@millrace/contracts'

import type { Commits } from './commits.ts'
import { Wakeups } from './wakeups.ts'

type Keep = (event: StoredEvent) => boolean

function keepOf({ types, categories }: LogFilter = {}): Keep {
  const [ofTypes, ofCategories] = [types && new Set(types), categories && new Set(categories)]
  return (event) =>
    (ofTypes === undefined || ofTypes.has(event.type)) &&
    (ofCategories === undefined || ofCategories.has(categoryOf(event.streamId)))
}

/** The whole log as its readers see it. */
export class MemoryLog implements EventLog<StoredEvent> {
  readonly name: string
  readonly #commits: Commits
  readonly #wakeups = new Wakeups()
  #closed = false

  constructor(name: string, commits: Commits) {
    this.name = name
    this.#commits = commits
  }

  /** @throws {@link ConnectionError} once the log is closed */
  checkOpen(): void {
    if (this.#closed) throw new ConnectionError(`the memory store ${this.name} is closed`)
  }

  /** @throws {@link LogReplacedError} when the position belongs to another log */
  check({ generation }: Position): void {
    this.checkOpen()
    const actual = this.#commits.generation
    if (generation !== actual) throw new LogReplacedError({ expected: generation, actual })
  }

  /** Wakes those who wait for more. */
  wake(): void {
    this.#wakeups.wake()
  }

  /** Ends every wait; every later use is refused. */
  close(): void {
    this.#closed = true
    this.#wakeups.dismiss()
  }

  async beginning(): Promise<Position> {
    this.checkOpen()
    return { generation: this.#commits.generation, commit: 0, index: 0 }
  }

  async head(): Promise<Position> {
    this.checkOpen()
    return this.#commits.endOf(this.#commits.last)
  }

  async readBatch(after: Position, options: ReadBatchOptions = {}): Promise<LogBatch<StoredEvent>> {
    const { maxRecords = 500, filter, signal } = options
    checkMaxRecords(maxRecords)
    this.check(after)
    signal?.throwIfAborted()
    const keep = keepOf(filter)
    const records: StoredEvent[] = []
    let { commit } = after
    while (commit < this.#commits.last && records.length < maxRecords) {
      commit += 1
      records.push(...this.#commits.eventsOf(commit).filter(keep))
    }
    return { records, end: commit === after.commit ? after : this.#commits.endOf(commit) }
  }

  async readAt(position: Position): Promise<StoredEvent | undefined> {
    this.check(position)
    return this.#commits.at(position)
  }

  async waitForMore(
    after: Position,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<boolean> {
    this.check(after)
    return this.#commits.last > after.commit || (await this.#wakeups.wait(options))
  }

  async lag(after: Position): Promise<LogLag> {
    this.check(after)
    const from = this.#commits.startOf(after.commit + 1)
    const behind = this.#commits.events.slice(from).filter((event) => event !== undefined)
    return { records: behind.length, oldest: behind[0]?.recordedAt }
  }

  /** Waits until the log holds the position. Throws the signal's reason. */
  async reached(position: Position, signal: AbortSignal | undefined): Promise<void> {
    this.check(position)
    while (this.#commits.last < position.commit) {
      signal?.throwIfAborted()
      this.checkOpen()
      await this.#wakeups.wait({ timeoutMs: 30_000, ...(signal === undefined ? {} : { signal }) })
    }
  }
}
