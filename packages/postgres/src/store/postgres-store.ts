import {
  checkCommitOptions,
  checkEventIds,
  checkHead,
  checkStreamWrites,
  checkTombstoneOptions,
  ConnectionError,
  encodeTombstone,
  parseExpectedVersion,
  parseStreamId,
  receiptFor,
  StreamNotFoundError,
  tombstoneType,
} from '@millrace/contracts'
import type {
  AppendOptions,
  AppendReceipt,
  CommitFeeder,
  CommitOptions,
  CommitReceipt,
  EncodedEvent,
  EventLog,
  EventStore,
  EventStoreCapabilities,
  EventVersion,
  FeedingEventStore,
  ListStreamsOptions,
  NewEvent,
  ReadAllOptions,
  ReadStreamOptions,
  StoredEvent,
  StreamId,
  StreamInfo,
  StreamWrite,
  TombstoneOptions,
} from '@millrace/contracts'

import { Appender } from '../append/appender.ts'
import { CommitWriter } from '../append/commit-writer.ts'
import { KnownCommits } from '../append/known-commits.ts'
import { prepareCommit } from '../append/prepared-commit.ts'
import type { PrepareParts } from '../append/prepared-commit.ts'
import { Announcer } from '../log/announcer.ts'
import { PostgresLog } from '../log/postgres-log.ts'
import { WakeUp } from '../log/wake-up.ts'
import { LogReader } from '../read/log-reader.ts'
import { StreamReader } from '../read/stream-reader.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { StreamDirectory } from '../streams/stream-directory.ts'
import { FedStore } from './fed-store.ts'
import { PartitionUpkeep } from './partition-upkeep.ts'

function warnOfUpkeep(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error), { code: 'MILLRACE_UPKEEP' })
}

/** What a store is made of. */
export interface PostgresStoreParts extends PrepareParts {
  readonly database: SqlDatabase
  readonly schema: SchemaName
  /** What the log is called. @defaultValue the schema's name */
  readonly name?: string
  /** @defaultValue none */
  readonly formerGenerations?: readonly string[]
  readonly generation: string
}

/** The event store of one schema. */
export class PostgresStore implements FeedingEventStore {
  readonly capabilities: EventStoreCapabilities = { multiStreamCommits: true }
  readonly log: EventLog<StoredEvent>
  readonly #parts: PostgresStoreParts
  readonly #appender: Appender
  readonly #commits: CommitWriter
  readonly #stream: StreamReader
  readonly #all: LogReader
  readonly #directory: StreamDirectory
  readonly #announcer: Announcer
  readonly #partitions: PartitionUpkeep
  readonly #wakeUp = new WakeUp()
  readonly #closed = new AbortController()
  readonly #channel: string
  #listening: Promise<AsyncDisposable | undefined> | undefined

  constructor(parts: PostgresStoreParts) {
    const { database, schema, generation, mint } = parts
    this.#parts = parts
    this.#channel = `${schema}_events`
    this.#announcer = new Announcer(database, this.#channel, this.#wakeUp)
    this.#partitions = new PartitionUpkeep(database, schema, { onFailure: warnOfUpkeep })
    const known = new KnownCommits(schema, generation)
    const writing = {
      database,
      schema,
      generation,
      known,
      mint,
      onCommitted: () => this.#announcer.announce(),
    }
    this.#appender = new Appender(writing)
    this.#commits = new CommitWriter(writing)
    this.#stream = new StreamReader(database, schema, generation)
    const log = new PostgresLog({
      database,
      schema,
      name: parts.name ?? schema,
      formerGenerations: parts.formerGenerations ?? [],
      generation,
      wakeUp: this.#wakeUp,
      closed: this.#closed.signal,
      listen: () => this.#listen(),
    })
    this.log = log
    this.#all = new LogReader(database, schema, {
      name: log.name,
      generation,
      head: (signal) => log.settledHead(signal),
      waitFor: (position, signal) => log.waitFor(position, signal),
    })
    this.#directory = new StreamDirectory(database, schema)
  }

  async append(
    streamId: StreamId,
    events: readonly NewEvent[],
    options: AppendOptions,
  ): Promise<AppendReceipt> {
    this.#check()
    parseStreamId(streamId)
    const expected = parseExpectedVersion(options.expectedVersion)
    checkCommitOptions(options)
    checkEventIds(events)
    const commit = prepareCommit([{ streamId, events, expected }], options, this.#parts)
    const [write] = commit.writes
    if (write === undefined) throw new Error('an append has one write')
    if (events.length > 0)
      return this.#noticed(receiptFor(streamId, await this.#appender.append(commit, write)))
    const head = await this.#appender.head(this.#parts.database, streamId)
    checkHead(head, write)
    return {
      streamId,
      version: head.version as EventVersion,
      position: undefined,
      commitId: undefined,
      replayed: false,
    }
  }

  async commit(writes: readonly StreamWrite[], options: CommitOptions = {}): Promise<CommitReceipt> {
    return await this.#commit(writes, options)
  }

  fedBy(feeder: CommitFeeder): EventStore {
    return new FedStore(this, async (writes, options) => await this.#commit(writes, options, feeder))
  }

  read(streamId: StreamId, options: ReadStreamOptions = {}): AsyncIterable<StoredEvent> {
    this.#check()
    return this.#stream.read(streamId, options)
  }

  readAll(options: ReadAllOptions = {}): AsyncIterable<StoredEvent> {
    this.#check()
    return this.#all.readAll(options)
  }

  async currentVersion(streamId: StreamId): Promise<EventVersion> {
    this.#check()
    return await this.#directory.currentVersion(streamId)
  }

  async exists(streamId: StreamId): Promise<boolean> {
    return (await this.currentVersion(streamId)) > 0
  }

  async describe(streamId: StreamId): Promise<StreamInfo | undefined> {
    this.#check()
    return await this.#directory.describe(streamId)
  }

  async listStreams(options: ListStreamsOptions = {}): Promise<readonly StreamInfo[]> {
    this.#check()
    return await this.#directory.list(options)
  }

  async tombstone(streamId: StreamId, options: TombstoneOptions): Promise<AppendReceipt> {
    this.#check()
    parseStreamId(streamId)
    checkTombstoneOptions(options)
    const expected = parseExpectedVersion(options.expectedVersion)
    const tombstone: NewEvent = { type: tombstoneType, data: undefined }
    const encode = (): EncodedEvent => encodeTombstone(options)
    const commit = prepareCommit(
      [{ streamId, events: [tombstone], expected }],
      {},
      { ...this.#parts, encode },
    )
    const [write] = commit.writes
    if (write === undefined) throw new StreamNotFoundError(streamId)
    return await this.#commits.tombstone(commit, write)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed.signal.aborted) this.#closed.abort(new ConnectionError('the event store was closed'))
    this.#wakeUp.wake()
    await this.#announcer[Symbol.asyncDispose]()
    await this.#partitions.settled()
    const listening = this.#listening
    this.#listening = undefined
    await (await listening)?.[Symbol.asyncDispose]()
  }

  #noticed(receipt: AppendReceipt): AppendReceipt {
    if (receipt.position !== undefined) this.#partitions.noticed(receipt.position.commit)
    return receipt
  }

  async #commit(
    writes: readonly StreamWrite[],
    options: CommitOptions,
    feeder?: CommitFeeder,
  ): Promise<CommitReceipt> {
    this.#check()
    checkStreamWrites(writes)
    checkCommitOptions(options)
    checkEventIds(writes.flatMap(({ events }) => events))
    const inputs = writes.map(({ streamId, events, expectedVersion }) => ({
      streamId,
      events,
      expected: parseExpectedVersion(expectedVersion),
    }))
    const commit = prepareCommit(inputs, options, this.#parts)
    const [only] = commit.writes
    if (feeder !== undefined || only === undefined || commit.writes.length > 1 || only.events.length === 0)
      return await this.#commits.commit(commit, feeder)
    return await this.#appender.append(commit, only)
  }

  #check(): void {
    this.#closed.signal.throwIfAborted()
  }

  /** Begins to listen for other processes' commits, once somebody waits for them. */
  #listen(): void {
    if (!this.#parts.database.shared || this.#listening !== undefined || this.#closed.signal.aborted) return
    this.#listening = this.#parts.database
      .listen(this.#channel, () => this.#wakeUp.wake())
      .catch(() => {
        // Those who wait poll meanwhile; the next one who waits tries again.
        this.#listening = undefined
        return undefined
      })
  }
}
