import { ProjectionError } from '@millrace/contracts'
import type {
  LogBatch,
  LogFilter,
  NewParkedRecord,
  ParkedRecord,
  Position,
  StoredEvent,
} from '@millrace/contracts'

import { nextTurn } from '../clock/next-turn.ts'
import { Pulse, pause } from '../clock/pulse.ts'
import type { LedgerOwner, PartitionLedger } from '../ledger/partition-ledger.ts'
import type { DecodedRecord } from '../processor/handler-context.ts'
import { partitionOf, passes } from '../processor/partition-of.ts'
import { storedFilter } from '../processor/stored-filter.ts'
import { Backoff } from '../retry/backoff.ts'
import { BatchRunner, HandlingInterrupted } from './batch-runner.ts'
import { decodeBatch } from './decode-batch.ts'
import type { Decoding, SkippedRecord } from './decode-batch.ts'
import { HeldStreams } from './held-streams.ts'

/** What a handler loop tells the partition it belongs to. */
export interface HandlerEvents {
  /** The record's or the handler's fault; `undefined` once things go well again. */
  readonly onProblem: (error: unknown) => void
  readonly onProgress: () => void
}

const saveAfterMs = 1_000
/** How long what was decoded ahead may wait: an erasure in between must not find plaintext handled long after it. */
const freshMs = 1_000
const maxParkedAtOnce = 50

/** What of a batch is this partition's. */
interface OwnBatch {
  readonly end: Position
  /** Undefined where nothing of it is. */
  readonly decoded: Decoding | undefined
  /** By the monotonic clock. */
  readonly decodedAt: number
}

/** A batch that is read while the one before it is handled. */
interface ReadAhead {
  readonly after: Position
  readonly batch: Promise<OwnBatch | undefined>
  readonly interrupt: AbortController
}

/**
 * Reads the log for one partition and handles it batch by batch. A stretch of the log that holds nothing for this
 * partition moves the checkpoint in memory at once and in the store within a second: repeating it would cost nothing.
 */
export class PartitionHandler {
  readonly #owner: LedgerOwner
  readonly #events: HandlerEvents
  readonly #runner: BatchRunner
  readonly #pulse = new Pulse()
  readonly #holding: Backoff
  readonly #filter: LogFilter | undefined
  readonly #held: HeldStreams
  #interrupt = new AbortController()
  #ahead: ReadAhead | undefined
  #position: Position
  #saved: Position
  #unsavedSince: number | undefined
  #retryParked = true
  #skipped = 0

  constructor(owner: LedgerOwner, ledger: PartitionLedger, events: HandlerEvents) {
    this.#owner = owner
    this.#events = events
    this.#position = owner.tenure.lease.checkpoint
    this.#saved = this.#position
    this.#held = new HeldStreams(owner.processor)
    this.#runner = new BatchRunner(owner, { ledger, held: this.#held }, events)
    this.#holding = new Backoff(owner.scope.random)
    this.#filter = storedFilter(owner.processor, owner.scope.decode)
  }

  /** Everything up to here is handled, or was not for this partition. */
  get position(): Position {
    return this.#position
  }

  /** Records passed over because no upcaster lifts them. */
  get skipped(): number {
    return this.#skipped
  }

  /** Looks for parked records to retry, and for more in the log; what was only passed over is saved at once. */
  poke(): void {
    this.#retryParked = true
    if (this.#unsavedSince !== undefined) this.#unsavedSince = Number.NEGATIVE_INFINITY
    this.resume()
  }

  /** Goes on if it waited. */
  resume(): void {
    this.#pulse.notify()
    this.#interrupt.abort()
  }

  /** Handles until the tenure winds down. @throws the end of the tenure, and what waiting does not mend */
  async run(): Promise<void> {
    const { tenure, scope } = this.#owner
    const onWinding = (): void => this.resume()
    tenure.winding.addEventListener('abort', onWinding, { once: true })
    const backoff = new Backoff(scope.random)
    try {
      while (!tenure.winding.aborted) {
        await nextTurn()
        if (await this.#turn(backoff)) backoff.reset()
      }
      await this.#save()
    } catch (error) {
      if (!(error instanceof HandlingInterrupted)) throw error
    } finally {
      this.#ahead?.interrupt.abort()
      tenure.winding.removeEventListener('abort', onWinding)
    }
  }

  /** One round; false when the log could not be read. */
  async #turn(backoff: Backoff): Promise<boolean> {
    const { tenure } = this.#owner
    if (!tenure.mayStart()) {
      await this.#pulse.wait({ timeoutMs: saveAfterMs, signal: tenure.winding })
      return true
    }
    if (this.#retryParked) await this.#handleParked()
    if (this.#isSaveDue()) await this.#save()
    let batch: OwnBatch | undefined
    try {
      batch = await this.#read()
    } catch (error) {
      tenure.over.throwIfAborted()
      this.#events.onProblem(error)
      await pause(backoff.next(), tenure.winding)
      return false
    }
    if (batch !== undefined && tenure.mayStart()) await this.#handle(batch)
    return true
  }

  /** The next batch; undefined when something else is to be done first. */
  async #read(): Promise<OwnBatch | undefined> {
    if (this.#owner.tenure.winding.aborted || this.#retryParked) return undefined
    const batch = await this.#readOnce()
    if (batch === undefined || this.#owner.scope.clock.monotonic() - batch.decodedAt <= freshMs) return batch
    return await this.#readOnce()
  }

  async #readOnce(): Promise<OwnBatch | undefined> {
    const { batch, interrupt } = this.#begun()
    this.#interrupt = interrupt
    const timer =
      this.#unsavedSince === undefined ? undefined : setTimeout(() => interrupt.abort(), this.#saveInMs())
    try {
      return await batch
    } finally {
      clearTimeout(timer)
    }
  }

  /** The reading under way if it goes on from here, else a new one. */
  #begun(): ReadAhead {
    const { after, interrupt } = this.#ahead ?? {}
    const { generation, commit } = this.#position
    if (after?.generation !== generation || after.commit !== commit) {
      interrupt?.abort()
      this.#ahead = this.#readFrom(this.#position)
    }
    const begun = this.#ahead ?? this.#readFrom(this.#position)
    this.#ahead = undefined
    return begun
  }

  #readFrom(after: Position, isAhead = false): ReadAhead {
    const interrupt = new AbortController()
    const batch = this.#next(after, interrupt.signal, isAhead)
    // Told to whoever waits for it; a batch that nobody wants any more may fail.
    batch.catch(() => undefined)
    return { after, batch, interrupt }
  }

  async #next(after: Position, signal: AbortSignal, isAhead: boolean): Promise<OwnBatch | undefined> {
    const { tail, store } = this.#owner.scope
    // First the handler's statement gets on its way: this is done while the database works.
    const yields = isAhead && store.effects
    if (yields) await nextTurn()
    const batch = await tail.next(after, { filter: this.#filter, signal })
    if (batch === undefined) return undefined
    if (yields) await nextTurn()
    const decodedAt = this.#owner.scope.clock.monotonic()
    return { end: batch.end, decoded: this.#decode(batch), decodedAt }
  }

  #decode({ records }: LogBatch<StoredEvent>): Decoding | undefined {
    const { processor, tenure } = this.#owner
    const { partition } = tenure.lease
    const mine = records.filter(
      (record) =>
        partitionOf(record.bucket, processor.partitions) === partition && passes(this.#filter, record),
    )
    return mine.length === 0 ? undefined : decodeBatch(this.#owner, mine)
  }

  async #handle({ end, decoded }: OwnBatch): Promise<void> {
    if (decoded === undefined) return this.#skip(end)
    const [unreadable] = decoded.malformed
    if (unreadable !== undefined && !this.#owner.scope.store.effects)
      return await this.#hold(unreadable, decoded.records)
    // The log is read while the handler and its database work.
    this.#ahead = this.#readFrom(end, true)
    if (await this.#runner.handle(decoded, end)) this.#passed(end)
    else this.#skip(end)
    this.#tellSkipped(decoded.skipped)
  }

  /**
   * A record that cannot be decoded, and no place to park it: what lies before its commit is handled, then it is read again
   * and again, with growing pauses, until it can be.
   */
  async #hold(
    { recordId, position, reason }: NewParkedRecord,
    records: readonly DecodedRecord[],
  ): Promise<void> {
    const before = records.filter(({ stored }) => stored.position.commit < position.commit)
    const end = before.at(-1)?.stored.position
    if (end !== undefined) {
      await this.#runner.handle({ records: before, malformed: [] }, end)
      this.#passed(end)
      return
    }
    const at = { processor: this.#owner.processor.name, recordId }
    this.#events.onProblem(new ProjectionError(at, { cause: new Error(reason) }))
    await pause(this.#holding.next(), this.#owner.tenure.winding)
  }

  #tellSkipped(skipped: readonly SkippedRecord[]): void {
    const { processor, partition } = this.#owner.tenure.lease
    this.#skipped += skipped.length
    for (const { recordId, reason } of skipped)
      this.#owner.scope.facts.tell({ kind: 'record-skipped', processor, partition, recordId, reason })
  }

  #passed(end: Position): void {
    this.#moveTo(end)
    this.#saved = end
    this.#unsavedSince = undefined
    this.#holding.reset()
  }

  #skip(end: Position): void {
    this.#unsavedSince ??= this.#owner.scope.clock.monotonic()
    this.#moveTo(end)
  }

  #moveTo(position: Position): void {
    this.#position = position
    this.#events.onProgress()
  }

  #saveInMs(): number {
    if (this.#unsavedSince === undefined) return saveAfterMs
    return Math.max(0, this.#unsavedSince + saveAfterMs - this.#owner.scope.clock.monotonic())
  }

  #isSaveDue(): boolean {
    return this.#unsavedSince !== undefined && this.#saveInMs() === 0
  }

  async #save(): Promise<void> {
    if (this.#unsavedSince === undefined) return
    const { tenure, scope } = this.#owner
    const checkpoint = this.#position
    const records = this.#runner.takeUnsaved()
    const advance = { checkpoint, records, writes: [], deliveries: [], parked: [], unparked: [] }
    await tenure.persist(() => scope.store.advance(tenure.lease, advance))
    this.#saved = checkpoint
    this.#unsavedSince = undefined
    const { processor, partition } = tenure.lease
    scope.facts.tell({ kind: 'processor-advanced', processor, partition, checkpoint, records })
  }

  async #handleParked(): Promise<void> {
    const { tenure, scope } = this.#owner
    this.#retryParked = false
    const parked = await tenure.persist(() => scope.store.parkedToRetry(tenure.lease, maxParkedAtOnce))
    if (parked.length === maxParkedAtOnce) this.#retryParked = true
    const stopped = new Set<string>()
    for (const record of parked) {
      const { holds } = record
      if (holds !== undefined && stopped.has(holds)) continue
      if (!(await this.#handleOneParked(record)) && holds !== undefined) stopped.add(holds)
    }
    if (this.#held.hold && scope.store.effects)
      this.#held.replace(await tenure.persist(() => scope.store.heldStreams(tenure.lease)))
  }

  /** False where it stays parked. */
  async #handleOneParked(parked: ParkedRecord): Promise<boolean> {
    const { tenure, scope } = this.#owner
    try {
      const stored = await tenure.persist(() => scope.log.readAt(parked.position))
      if (stored === undefined) return await this.#parkAgain(parked, 'the record is no longer in the log')
      const { records, malformed } = decodeBatch(this.#owner, [stored])
      const [record] = records
      if (record === undefined) return await this.#parkAgain(parked, malformed[0]?.reason ?? 'malformed')
      await this.#runner.handleParked(record, this.#saved)
      return true
    } catch (error) {
      tenure.over.throwIfAborted()
      if (error instanceof HandlingInterrupted) throw error
      this.#events.onProblem(error)
      return await this.#parkAgain(parked, scope.errorText(error))
    }
  }

  async #parkAgain(parked: ParkedRecord, reason: string): Promise<false> {
    const { tenure, scope } = this.#owner
    const { processor, partition } = tenure.lease
    const { recordId } = parked
    await tenure.persist(() => scope.store.parkAgain(tenure.lease, recordId, reason))
    scope.meters.advanced(tenure.lease, { parked: 1 })
    scope.facts.tell({ kind: 'record-parked', processor, partition, recordId, reason })
    return false
  }
}
