import {
  checkCommitOptions,
  checkEventIds,
  checkExpectation,
  checkStreamWrites,
  checkTombstoneOptions,
  DuplicateEventError,
  encodeTombstone,
  parseExpectedVersion,
  parseStreamId,
  StreamNotFoundError,
  StreamTombstonedError,
} from '@millrace/contracts'
import type {
  AppendOptions,
  AppendReceipt,
  CommitId,
  CommitOptions,
  CommitReceipt,
  EncodedEvent,
  EventEncoder,
  ForeignId,
  IdFactory,
  NewEvent,
  StoredEvent,
  StreamId,
  StreamWrite,
  TombstoneOptions,
} from '@millrace/contracts'

import type { Commits } from '../log/commits.ts'
import { CommitIds } from './commit-ids.ts'
import { isSameEvent } from './content.ts'
import { draft, receiptFor } from './draft.ts'
import type { Stamp } from './draft.ts'
import { EventIndex } from './event-index.ts'
import { MemoryStream } from './memory-stream.ts'

/** What a writer works with. */
export interface WriterParts {
  readonly commits: Commits
  readonly encode: EventEncoder
  readonly mint: IdFactory
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Called after each commit. */
  readonly committed: () => void
}

/** One stream's part of a commit, encoded. */
interface Part {
  readonly streamId: StreamId
  readonly events: readonly EncodedEvent[]
}

// Neither part holds control characters, so that two different pairs never give one key.
const foreignKey = ({ source, id }: ForeignId): string => `${source}\n${id}`

const asReplayed = (receipt: AppendReceipt): AppendReceipt => ({ ...receipt, replayed: true })

/** Writes commits, each within one turn of the event loop: nothing comes between its checks and its writes. */
export class CommitWriter {
  /** Every stream that ever had events, by id. */
  readonly streams: Map<string, MemoryStream> = new Map()
  readonly index: EventIndex
  readonly #parts: WriterParts
  readonly #byId = new CommitIds()
  /** Sequences of commits. */
  readonly #byForeignId = new Map<string, number>()
  /** One for all commits of a millisecond: at full speed these are hundreds. */
  #recordedAt = new Date(0)

  constructor(parts: WriterParts) {
    this.#parts = parts
    this.index = new EventIndex(parts.commits.events)
  }

  /** Records all events or none. */
  append(streamId: StreamId, events: readonly NewEvent[], options: AppendOptions): AppendReceipt {
    checkCommitOptions(options)
    const expected = parseExpectedVersion(options.expectedVersion)
    const known = this.streams.get(streamId)
    if (known === undefined) parseStreamId(streamId)
    const encoded = this.#encode(events, options)
    const commitId = options.commitId ?? (encoded[0]?.id as string | undefined as CommitId | undefined)
    const repeated = this.#repeated(commitId, options.foreignId, () => [{ streamId, events: encoded }])
    if (repeated !== undefined) return asReplayed(this.#receiptOn(repeated, streamId))
    const stream = known ?? new MemoryStream(streamId)
    checkExpectation(stream, streamId, expected)
    const stamp = this.#stamp(commitId)
    const stored = draft(stream, encoded, stamp)
    if (stored.length > 0) {
      this.#add(stream, stored, stamp)
      this.#finish(stamp, stored, options.foreignId)
    }
    return receiptFor(stream, stored)
  }

  /** Records all writes or none. */
  commit(writes: readonly StreamWrite[], options: CommitOptions): CommitReceipt {
    checkCommitOptions(options)
    checkStreamWrites(writes)
    checkEventIds(writes.flatMap(({ events }) => events))
    const parts = writes.map(({ streamId, events }) => ({ streamId, events: this.#encode(events, options) }))
    const first = parts.find(({ events }) => events.length > 0)?.events[0]
    const given = options.commitId ?? (first?.id as string | undefined as CommitId | undefined)
    const repeated = this.#repeated(given, options.foreignId, () => parts)
    if (repeated !== undefined) return this.#replay(repeated)
    const stamp = this.#stamp(given)
    const drafts = writes.map(({ streamId, expectedVersion }, i) => {
      const stream = this.streams.get(streamId) ?? new MemoryStream(streamId)
      checkExpectation(stream, streamId, parseExpectedVersion(expectedVersion))
      return { stream, stored: draft(stream, parts[i]?.events ?? [], stamp) }
    })
    // Nothing below can fail.
    const streams = drafts.map(({ stream, stored }) => receiptFor(stream, stored))
    if (first === undefined) return { commitId: undefined, replayed: false, streams }
    for (const { stream, stored } of drafts) this.#add(stream, stored, stamp)
    this.#finish(
      stamp,
      drafts.flatMap(({ stored }) => stored),
      options.foreignId,
      streams,
    )
    return { commitId: stamp.commitId, replayed: false, streams }
  }

  /** Closes a stream and drops its events. */
  tombstone(streamId: StreamId, options: TombstoneOptions): AppendReceipt {
    parseStreamId(streamId)
    checkTombstoneOptions(options)
    const stream = this.streams.get(streamId)
    if (stream === undefined) throw new StreamNotFoundError(streamId)
    if (stream.tombstone !== undefined) return asReplayed(stream.tombstone.receipt)
    checkExpectation(stream, streamId, parseExpectedVersion(options.expectedVersion))
    const dropped = stream.events
    const stamp = this.#stamp(undefined)
    const stored = draft(stream, [encodeTombstone(options)], stamp)
    this.index.remove(dropped)
    this.#parts.commits.erase(dropped)
    this.#add(stream, stored, stamp)
    this.#finish(stamp, stored, undefined)
    const receipt = receiptFor(stream, stored)
    stream.close(stamp.recordedAt.getTime(), receipt)
    return receipt
  }

  #encode(events: readonly NewEvent[], { metadata }: CommitOptions): EncodedEvent[] {
    checkEventIds(events)
    const { encode } = this.#parts
    const [first] = events
    // The common case. A list that grows from nothing makes room for seventeen.
    if (first !== undefined && events.length === 1) return [encode(first, metadata)]
    const encoded: EncodedEvent[] = []
    for (const event of events) encoded.push(encode(event, metadata))
    return encoded
  }

  /** The sequence of the commit that is repeated, undefined for a new one. */
  #repeated(
    commitId: CommitId | undefined,
    foreignId: ForeignId | undefined,
    parts: () => readonly Part[],
  ): number | undefined {
    const mapped = foreignId === undefined ? undefined : this.#byForeignId.get(foreignKey(foreignId))
    if (mapped !== undefined || commitId === undefined) return mapped
    const known = this.#byId.get(commitId)
    if (known !== undefined) this.#checkSame(known, parts(), commitId)
    return known
  }

  #checkSame(sequence: number, parts: readonly Part[], commitId: CommitId): void {
    const asked = parts.flatMap(({ streamId, events }) => events.map((event) => ({ streamId, event })))
    // The events of a tombstoned stream are gone, and with them what a repeat could be compared to.
    for (const { streamId } of asked)
      if (this.streams.get(streamId)?.tombstone !== undefined) throw new StreamTombstonedError(streamId)
    const written = this.#parts.commits.eventsOf(sequence)
    const same = asked.every(({ streamId, event }, i) => {
      const stored = written[i]
      return stored !== undefined && stored.streamId === streamId && isSameEvent(stored, event)
    })
    if (!same || written.length !== asked.length)
      throw new DuplicateEventError(commitId, 'was used for a commit with other content')
  }

  #replay(sequence: number): CommitReceipt {
    const streams = this.#parts.commits.receiptsOf(sequence).map(asReplayed)
    const written = streams.find(({ commitId }) => commitId !== undefined)
    return { commitId: written?.commitId, replayed: true, streams }
  }

  /** What the first append was told: of the same stream, or of whatever stream a foreign id was first used for. */
  #receiptOn(sequence: number, streamId: StreamId): AppendReceipt {
    const receipts = this.#parts.commits.receiptsOf(sequence)
    return receipts.find((receipt) => receipt.streamId === streamId) ?? (receipts[0] as AppendReceipt)
  }

  #stamp(commitId: CommitId | undefined): Stamp {
    const { commits, now, mint } = this.#parts
    const at = now()
    if (this.#recordedAt.getTime() !== at) this.#recordedAt = new Date(at)
    const unusedId = commitId === undefined ? mint() : undefined
    return {
      commitId: commitId ?? (unusedId as string as CommitId),
      generation: commits.generation,
      sequence: commits.last + 1,
      recordedAt: this.#recordedAt,
      mint,
      unusedId,
      index: 0,
    }
  }

  #add(stream: MemoryStream, stored: readonly StoredEvent[], { recordedAt }: Stamp): void {
    if (stored.length === 0) return
    if (stream.version === 0) this.streams.set(stream.id, stream)
    stream.add(stored, recordedAt.getTime())
  }

  #finish(
    { commitId, sequence }: Stamp,
    stored: readonly StoredEvent[],
    foreignId: ForeignId | undefined,
    receipts?: readonly AppendReceipt[],
  ): void {
    const { commits, committed } = this.#parts
    commits.push(stored, receipts)
    this.#byId.add(commitId, sequence)
    if (foreignId !== undefined) this.#byForeignId.set(foreignKey(foreignId), sequence)
    committed()
  }
}
