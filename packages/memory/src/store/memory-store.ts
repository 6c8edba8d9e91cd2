import {
  checkListStreamsOptions,
  checkReadAllOptions,
  checkReadStreamOptions,
  failpoint,
  EventVersion,
  parseStreamId,
} from '@millrace/contracts'
import type {
  AppendOptions,
  AppendReceipt,
  CommitOptions,
  CommitReceipt,
  EventLog,
  EventStore,
  EventStoreCapabilities,
  ListStreamsOptions,
  NewEvent,
  Position,
  ReadAllOptions,
  ReadStreamOptions,
  StoredEvent,
  StreamId,
  StreamInfo,
  StreamWrite,
  TombstoneOptions,
} from '@millrace/contracts'

import type { Commits } from '../log/commits.ts'
import type { MemoryLog } from '../log/memory-log.ts'
import type { CommitWriter } from './commit-writer.ts'
import type { MemoryStream } from './memory-stream.ts'
import { between, keepInAll, keepInStream, Selection } from './selection.ts'
import type { Slice } from './selection.ts'

/** An event store in this process. */
export class MemoryStore implements EventStore {
  readonly capabilities: EventStoreCapabilities = { multiStreamCommits: true }
  readonly #log: MemoryLog
  readonly #commits: Commits
  readonly #writer: CommitWriter
  #byId: readonly MemoryStream[] = []

  constructor(parts: { readonly log: MemoryLog; readonly commits: Commits; readonly writer: CommitWriter }) {
    this.#log = parts.log
    this.#commits = parts.commits
    this.#writer = parts.writer
  }

  get log(): EventLog<StoredEvent> {
    return this.#log
  }

  // Not async, which would cost a tenth of an append of one event: it waits for nothing but a crash test's failpoint.
  append(streamId: StreamId, events: readonly NewEvent[], options: AppendOptions): Promise<AppendReceipt> {
    try {
      const before = failpoint('append:before-commit')
      if (before !== undefined) return before.then(() => this.#append(streamId, events, options))
      return this.#append(streamId, events, options)
    } catch (error) {
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what was thrown, as an async function would
      return Promise.reject(error)
    }
  }

  async commit(writes: readonly StreamWrite[], options: CommitOptions = {}): Promise<CommitReceipt> {
    return await this.#atFailpoints(() => this.#writer.commit(writes, options))
  }

  async tombstone(streamId: StreamId, options: TombstoneOptions): Promise<AppendReceipt> {
    return await this.#atFailpoints(() => this.#writer.tombstone(streamId, options))
  }

  read(streamId: StreamId, options: ReadStreamOptions = {}): AsyncIterable<StoredEvent> {
    return { [Symbol.asyncIterator]: () => this.#readStream(streamId, options) }
  }

  readAll(options: ReadAllOptions = {}): AsyncIterable<StoredEvent> {
    const { atLeast } = options
    if (atLeast === undefined) return { [Symbol.asyncIterator]: () => this.#select(options) }
    return this.#selectWhenReached(atLeast, options)
  }

  async currentVersion(streamId: StreamId): Promise<EventVersion> {
    return this.#find(streamId)?.currentVersion ?? EventVersion.initial
  }

  async exists(streamId: StreamId): Promise<boolean> {
    return (await this.currentVersion(streamId)) > 0
  }

  async describe(streamId: StreamId): Promise<StreamInfo | undefined> {
    return this.#find(streamId)?.info()
  }

  async listStreams(options: ListStreamsOptions = {}): Promise<readonly StreamInfo[]> {
    checkListStreamsOptions(options)
    this.#log.checkOpen()
    const { category, after, limit = 100, includeTombstoned = false } = options
    const kept = this.#sorted().filter(
      (stream) =>
        (category === undefined || stream.category === category) &&
        (after === undefined || stream.id > after) &&
        (includeTombstoned || stream.tombstone === undefined),
    )
    return kept.slice(0, limit).map((stream) => stream.info())
  }

  /** Forgets everything; later uses are refused. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#log.close()
  }

  #append(streamId: StreamId, events: readonly NewEvent[], options: AppendOptions): Promise<AppendReceipt> {
    this.#log.checkOpen()
    const receipt = this.#writer.append(streamId, events, options)
    const after = failpoint('append:after-commit')
    return after === undefined ? Promise.resolve(receipt) : after.then(() => receipt)
  }

  #find(streamId: StreamId): MemoryStream | undefined {
    this.#log.checkOpen()
    return this.#writer.streams.get(parseStreamId(streamId))
  }

  #readStream(streamId: StreamId, options: ReadStreamOptions): Selection {
    checkReadStreamOptions(options)
    const events = this.#find(streamId)?.events ?? []
    const { fromVersion = 1, toVersion = events.length } = options
    const slice = { events, from: Math.max(0, fromVersion - 1), to: Math.min(toVersion, events.length) }
    return new Selection(slice, options, keepInStream(options))
  }

  #select(options: ReadAllOptions): Selection {
    checkReadAllOptions(options)
    this.#log.checkOpen()
    for (const position of [options.after, options.before])
      if (position !== undefined) this.#log.check(position)
    const marked = this.#writer.index.candidates(options)
    const slice = marked === undefined ? this.#wholeLog(options) : between(marked, options)
    return new Selection(slice, options, keepInAll(options))
  }

  #wholeLog({ after, before }: ReadAllOptions): Slice {
    const { events } = this.#commits
    const from = after === undefined ? 0 : this.#commits.indexAfter(after)
    return { events, from, to: before === undefined ? events.length : this.#commits.indexBefore(before) }
  }

  async *#selectWhenReached(
    atLeast: Position,
    options: ReadAllOptions,
  ): AsyncGenerator<StoredEvent, void, undefined> {
    await this.#log.reached(atLeast, options.signal)
    yield* this.#select(options)
  }

  /** The failpoints cost nothing where no crash test installed a handler. */
  async #atFailpoints<T>(write: () => T): Promise<T> {
    const before = failpoint('append:before-commit')
    if (before !== undefined) await before
    this.#log.checkOpen()
    const result = write()
    const after = failpoint('append:after-commit')
    if (after !== undefined) await after
    return result
  }

  /** Streams are never forgotten, so that a new one shows in the count. */
  #sorted(): readonly MemoryStream[] {
    const { streams } = this.#writer
    if (streams.size !== this.#byId.length)
      this.#byId = [...streams.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
    return this.#byId
  }
}
