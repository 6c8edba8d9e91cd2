import {
  checkCommitOptions,
  checkEventIds,
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
  CommitOptions,
  CommitReceipt,
  EncodedEvent,
  EventStore,
  EventStoreCapabilities,
  EventVersion,
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
import { BatchWriter } from '../append/batch-writer.ts'
import { prepareCommit } from '../append/prepared-commit.ts'
import type { PreparedCommit, PrepareParts } from '../append/prepared-commit.ts'
import { ReadFence } from '../append/read-fence.ts'
import { TombstoneWriter } from '../append/tombstone-writer.ts'
import type { WriteParts } from '../append/write-parts.ts'
import { ConsumerDirectory } from '../consumers/consumer-directory.ts'
import { ErasureProof } from '../erasure/erasure-proof.ts'
import { JetStreamLog } from '../log/jetstream-log.ts'
import { answered } from '../read/answered.ts'
import { LogReader } from '../read/log-reader.ts'
import type { ReadParts } from '../read/read-parts.ts'
import { StreamReader } from '../read/stream-reader.ts'
import { StreamDirectory } from '../streams/stream-directory.ts'
import { readHealth } from './store-health.ts'
import type { StoreHealth } from './store-health.ts'

/** What a store is made of. */
export interface JetStreamStoreParts extends WriteParts, ReadParts, PrepareParts {}

/** The event store of one JetStream stream. */
export class JetStreamStore implements EventStore {
  readonly capabilities: EventStoreCapabilities
  readonly log: JetStreamLog
  /** The consumers of its JetStream stream. */
  readonly consumers: ConsumerDirectory
  readonly #parts: JetStreamStoreParts
  readonly #appender: Appender
  readonly #batches: BatchWriter
  readonly #tombstones: TombstoneWriter
  readonly #erasure: ErasureProof
  readonly #fence: ReadFence
  readonly #stream: StreamReader
  readonly #all: LogReader
  readonly #directory: StreamDirectory
  readonly #closed = new AbortController()

  constructor(parts: JetStreamStoreParts) {
    this.#parts = parts
    this.capabilities = { multiStreamCommits: parts.stream.batches }
    this.#appender = new Appender(parts)
    this.#batches = new BatchWriter(parts)
    this.#tombstones = new TombstoneWriter(parts)
    this.#erasure = new ErasureProof(parts)
    this.#fence = new ReadFence(parts)
    this.#stream = new StreamReader(parts)
    this.log = new JetStreamLog(parts, () => this.#check())
    this.consumers = new ConsumerDirectory(parts)
    this.#all = new LogReader(parts, {
      head: async (signal) => await this.log.headFor(signal),
      waitFor: async (position, signal) => await this.log.waitFor(position, signal),
    })
    this.#directory = new StreamDirectory(parts)
    parts.link.onReconnect(() => void this.#lookAgain())
  }

  async append(
    streamId: StreamId,
    events: readonly NewEvent[],
    options: AppendOptions,
  ): Promise<AppendReceipt> {
    this.#check()
    this.#parts.subjects.stream(streamId)
    const expected = parseExpectedVersion(options.expectedVersion)
    checkCommitOptions(options)
    checkEventIds(events)
    const commit = prepareCommit([{ streamId, events, expected }], options, this.#parts)
    const checking = this.#checkTime(commit)
    if (checking !== undefined) await checking
    const [write] = commit.writes
    const isPlain = write !== undefined && events.length > 0 && options.foreignId === undefined
    const receipt = isPlain ? await this.#appender.append(commit, write) : undefined
    return receiptFor(streamId, receipt ?? (await this.#batches.commit(commit)))
  }

  async commit(writes: readonly StreamWrite[], options: CommitOptions = {}): Promise<CommitReceipt> {
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
    const checking = this.#checkTime(commit)
    if (checking !== undefined) await checking
    const [only, ...more] = commit.writes
    const isPlain =
      only !== undefined && more.length === 0 && only.events.length > 0 && options.foreignId === undefined
    const receipt = isPlain ? await this.#appender.append(commit, only) : undefined
    return receipt ?? (await this.#batches.commit(commit))
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
    const parts = { ...this.#parts, encode }
    const commit = prepareCommit([{ streamId, events: [tombstone], expected }], {}, parts)
    const [write] = commit.writes
    if (write === undefined) throw new StreamNotFoundError(streamId)
    const receipt = await this.#tombstones.tombstone(commit, write)
    const { position } = receipt
    if (position === undefined) throw new Error(`tombstone of ${streamId} has no position`)
    await this.#erasure.wait({ streamId, subject: write.subject, sequence: position.commit })
    await this.log.forget()
    return receipt
  }

  /**
   * The stream's version, proven to be current: no append that was acknowledged anywhere before this call is missing.
   * Costs a write. Deciding on what was read and appending at its version needs no such proof: the append is one.
   */
  async fencedVersion(streamId: StreamId): Promise<EventVersion> {
    this.#check()
    return await this.#fence.version(streamId)
  }

  /** Whether the servers can be reached, and how the store's stream does there. */
  async health(): Promise<StoreHealth> {
    this.#check()
    const { link, name } = this.#parts
    return await answered(link, async () => await readHealth(link, name), undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed.signal.aborted) this.#closed.abort(new ConnectionError('the event store was closed'))
    // Before the link: the log deletes its consumers on the server.
    await this.log[Symbol.asyncDispose]()
    await this.#parts.link[Symbol.asyncDispose]()
  }

  #check(): void {
    this.#closed.signal.throwIfAborted()
    this.#parts.link.closed.throwIfAborted()
    this.#parts.watch.check()
  }

  async #lookAgain(): Promise<void> {
    const { watch, clock } = this.#parts
    // The watch keeps what it finds out; of anything else every use of the store says so by itself.
    await Promise.allSettled([watch.look(), clock.refresh()])
  }

  /** Before anything is written; the clock is only asked about ids that seem to come from the future. */
  #checkTime(commit: PreparedCommit): Promise<void> | undefined {
    const { known, link } = this.#parts
    if (!known.isAhead(commit)) return undefined
    return answered(link, async () => await known.checkTime(commit), undefined)
  }
}
