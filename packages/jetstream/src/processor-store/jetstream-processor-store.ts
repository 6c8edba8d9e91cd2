import { checkDuration, checkText, checkWhole, ConfigurationError, failpoint } from '@millrace/contracts'
import type {
  AcquireOptions,
  Advance,
  AdvanceReceipt,
  CarryOver,
  DeadLetterQueue,
  Delivery,
  DueDeliveries,
  DueOptions,
  Lease,
  LeaseAttempt,
  ListDeliveriesOptions,
  Page,
  ParkedRecord,
  PartitionStatus,
  ProcessorRegistration,
  ProcessorRequests,
  ProcessorStore,
  Settlement,
} from '@millrace/contracts'

import { Tries } from '../append/tries.ts'
import { boundedText } from './bounded-text.ts'
import type { PartitionKey } from './bucket-keys.ts'
import type { Bucket } from './bucket.ts'
import { carriedPartition, carriedProcessor } from './carry-over.ts'
import { changed, moved, released, stillHeld, taken } from './lease.ts'
import { emptyPage, noDeadLetters, noEffects, refuseAttempts, refuseEffects } from './no-effects.ts'
import { ProcessorList } from './processor-list.ts'
import { firstRecord, partitionFormat, processorFormat } from './records.ts'
import type { PartitionRecord, ProcessorRecord } from './records.ts'
import { checkRegistration, paused, registered } from './registration.ts'
import { serverTime } from './server-clock.ts'
import { readStatus } from './status.ts'
import { StoredKey } from './stored-key.ts'

/** Leases and checkpoints in a KV bucket, for processors whose effects lie elsewhere. */
export class JetStreamProcessorStore implements ProcessorStore, AsyncDisposable {
  readonly effects = false
  readonly deadLetters: DeadLetterQueue = noDeadLetters
  readonly #bucket: Bucket
  readonly #list: ProcessorList
  readonly #processors = new Map<string, StoredKey<ProcessorRecord>>()
  readonly #partitions = new Map<string, StoredKey<PartitionRecord>>()

  constructor(bucket: Bucket) {
    this.#bucket = bucket
    this.#list = new ProcessorList(bucket)
  }

  async register(registration: ProcessorRegistration): Promise<void> {
    checkRegistration(registration)
    await this.#processor(registration.processor).update((entry) => registered(registration, entry))
  }

  async carryOver(places: CarryOver): Promise<void> {
    for (const { processor, partitions } of await this.#patiently(async () => await this.#list.read())) {
      for (let partition = 0; partition < partitions; partition++)
        await this.#partition({ processor, partition }).update(
          async (entry) => await carriedPartition(places, entry),
        )
      // Last: until then no process of the log in its place is let in.
      await this.#processor(processor).update(async (entry) => await carriedProcessor(places, entry))
    }
  }

  async acquire(key: PartitionKey, options: AcquireOptions): Promise<LeaseAttempt> {
    checkText('options.owner', options.owner)
    checkDuration('options.ttlMs', options.ttlMs)
    const { processor, partition } = key
    const { value: known } = await this.#processor(processor).read()
    if (known === undefined || !(partition >= 0 && partition < known.partitions))
      throw new ConfigurationError(`processor ${processor}`, `partition ${partition} was never registered`)
    if (known.paused) return { kind: 'paused' }
    const asked = { key: { processor, partition }, options, free: firstRecord(known.start) }
    return await this.#partition(key).update(async (entry) => {
      const { value } = entry
      const isFree = value?.owner === undefined || value.owner === options.owner
      return taken(asked, entry, isFree ? 0 : await serverTime(this.#bucket))
    })
  }

  async renew(lease: Lease, ttlMs: number): Promise<void> {
    checkDuration('ttlMs', ttlMs)
    await this.#partition(lease).update((entry) => changed(lease, entry, { ttlMs }))
  }

  async release(lease: Lease): Promise<void> {
    await this.#partition(lease).update((entry) => released(lease, entry))
  }

  async recover(lease: Lease): Promise<{ readonly unknown: number }> {
    await this.#assertHeld(lease)
    return { unknown: 0 }
  }

  async advance(lease: Lease, advance: Advance): Promise<AdvanceReceipt> {
    const { checkpoint, records } = advance
    checkText('advance.checkpoint.generation', checkpoint.generation)
    checkWhole('advance.checkpoint.commit', checkpoint.commit, { min: 0 })
    checkWhole('advance.checkpoint.index', checkpoint.index, { min: 0 })
    checkWhole('advance.records', records, { min: 0 })
    refuseEffects(advance)
    await failpoint('advance:before-commit')
    await this.#partition(lease).update((entry) => moved(lease, entry, advance))
    await failpoint('advance:after-commit')
    return { started: [] }
  }

  async settle(lease: Lease, settlement: Settlement): Promise<void> {
    refuseAttempts(settlement)
    await this.#assertHeld(lease)
  }

  async due(lease: Lease, { limit }: DueOptions): Promise<DueDeliveries> {
    checkWhole('options.limit', limit, { min: 1, max: 1000 })
    await this.#assertHeld(lease)
    return { deliveries: [], nextInMs: undefined }
  }

  async parkedToRetry(lease: Lease): Promise<readonly ParkedRecord[]> {
    await this.#assertHeld(lease)
    return []
  }

  async heldStreams(lease: Lease): Promise<readonly string[]> {
    await this.#assertHeld(lease)
    return []
  }

  async parkAgain(): Promise<void> {
    throw noEffects('parked records')
  }

  async reportError(lease: Lease, error: string): Promise<void> {
    const lastError = boundedText(error)
    await this.#partition(lease).update((entry) => changed(lease, entry, { lastError }))
  }

  async setPaused(
    processor: string,
    change: { readonly paused: boolean; readonly by: string },
  ): Promise<boolean> {
    checkText('by', change.by)
    return await this.#processor(processor).update((entry) => paused(change, entry))
  }

  async requests(): Promise<readonly ProcessorRequests[]> {
    const known = await this.#patiently(async () => await this.#list.read())
    return known.map(({ processor, paused: isPaused, pausedBy }) => ({
      processor,
      paused: isPaused,
      pausedBy: isPaused ? pausedBy : undefined,
      retries: 0,
    }))
  }

  async status(): Promise<readonly PartitionStatus[]> {
    return await this.#patiently(async () => await readStatus(this.#bucket, await this.#list.read()))
  }

  async listDeliveries(options?: ListDeliveriesOptions): Promise<Page<Delivery>> {
    return emptyPage(options)
  }

  async getDelivery(): Promise<Delivery | undefined> {
    return undefined
  }

  async deliveriesOf(): Promise<readonly Delivery[]> {
    return []
  }

  /** Closes the connection, unless it was given. Leases are not given back: that is for who holds them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bucket.link[Symbol.asyncDispose]()
  }

  async #assertHeld(lease: Lease): Promise<void> {
    await this.#partition(lease).update((entry) => stillHeld(lease, entry))
  }

  async #patiently<T>(read: () => Promise<T>): Promise<T> {
    const { link, patienceMs } = this.#bucket
    return await new Tries({ patienceMs, closed: link.closed }).until(read)
  }

  #processor(name: string): StoredKey<ProcessorRecord> {
    const subject = this.#bucket.keys.processor(name)
    const known =
      this.#processors.get(subject) ??
      new StoredKey({ bucket: this.#bucket, subject, format: processorFormat })
    this.#processors.set(subject, known)
    return known
  }

  #partition(key: PartitionKey): StoredKey<PartitionRecord> {
    const subject = this.#bucket.keys.partition(key)
    const known =
      this.#partitions.get(subject) ??
      new StoredKey({ bucket: this.#bucket, subject, format: partitionFormat })
    this.#partitions.set(subject, known)
    return known
  }
}
