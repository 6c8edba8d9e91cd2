import {
  bucketCount,
  checkDuration,
  checkProcessorName,
  checkText,
  checkWhole,
  comparePositions,
  ConfigurationError,
  failpoint,
  FencedError,
  InvalidCursorError,
  LogReplacedError,
  NotSupportedError,
  registrationConflict,
} from '@millrace/contracts'
import type {
  AcquireOptions,
  Advance,
  AdvanceReceipt,
  DeadLetterQueue,
  Delivery,
  DueDeliveries,
  DueOptions,
  Lease,
  LeaseAttempt,
  Page,
  ParkedRecord,
  PartitionStatus,
  Position,
  ProcessorRegistration,
  ProcessorRequests,
  ProcessorStore,
  Settlement,
} from '@millrace/contracts'

/** Settings of {@link openMemoryProcessorStore}. */
export interface MemoryProcessorStoreOptions {
  /** Current time in epoch milliseconds. @defaultValue `Date.now` */
  readonly now?: () => number
}

interface Partition {
  checkpoint: Position
  epoch: number
  owner: string | undefined
  leaseUntil: number
  recordsHandled: number
  lastError: string | undefined
  updatedAt: number
}

interface Known {
  readonly registration: ProcessorRegistration
  readonly partitions: readonly Partition[]
  paused: boolean
  pausedBy: string | undefined
}

const maxPage = 1000

function noEffects(what: string): NotSupportedError {
  return new NotSupportedError(
    `${what}: this processor store keeps leases and checkpoints only; effects need one in SQL, in the same database as the checkpoint`,
  )
}

function emptyPage<T>({
  limit = 100,
  cursor,
}: { readonly limit?: number; readonly cursor?: string } = {}): Page<T> {
  checkWhole('options.limit', limit, { min: 1, max: maxPage })
  if (cursor !== undefined) throw new InvalidCursorError('it is not from this list, which has one page')
  return { items: [], next: undefined }
}

const noDeadLetters: DeadLetterQueue = {
  list: async (options) => emptyPage(options),
  get: async () => undefined,
  ofRecord: async () => [],
  history: async (options) => emptyPage(options),
  held: async (processor, limit) => {
    checkText('processor', processor)
    checkWhole('limit', limit, { min: 1, max: maxPage })
    return { count: 0, streams: [] }
  },
  heldKeys: async (processor, limit) => {
    checkText('processor', processor)
    checkWhole('limit', limit, { min: 1, max: maxPage })
    return { count: 0, keys: [] }
  },
  retry: async () => false,
  remove: async () => false,
}

function checkAdvance({ checkpoint, records, writes, deliveries, parked, unparked }: Advance): void {
  checkText('advance.checkpoint.generation', checkpoint.generation)
  checkWhole('advance.checkpoint.commit', checkpoint.commit, { min: 0 })
  checkWhole('advance.checkpoint.index', checkpoint.index, { min: 0 })
  checkWhole('advance.records', records, { min: 0 })
  if (writes.length > 0) throw noEffects('writes in an advance')
  if (deliveries.length > 0) throw noEffects('deliveries in an advance')
  if (parked.length > 0 || unparked.length > 0) throw noEffects('parked records in an advance')
}

function checkRegistration({ processor, partitions, log, start }: ProcessorRegistration): void {
  checkProcessorName('registration.processor', processor)
  checkText('registration.log', log)
  checkWhole('registration.partitions', partitions, { min: 1, max: bucketCount })
  checkText('registration.start.generation', start.generation)
}

/** Leases and checkpoints in this process: for read models that are in it too, and as short-lived. */
class MemoryProcessorStore implements ProcessorStore {
  readonly effects = false
  readonly deadLetters: DeadLetterQueue = noDeadLetters
  readonly #now: () => number
  readonly #known = new Map<string, Known>()

  constructor(now: () => number) {
    this.#now = now
  }

  async register(registration: ProcessorRegistration): Promise<void> {
    checkRegistration(registration)
    const { processor, partitions, start } = registration
    const known = this.#known.get(processor)
    if (known === undefined) {
      const first = (): Partition => ({
        checkpoint: start,
        epoch: 0,
        owner: undefined,
        leaseUntil: 0,
        recordsHandled: 0,
        lastError: undefined,
        updatedAt: this.#now(),
      })
      const rows = Array.from({ length: partitions }, first)
      this.#known.set(processor, { registration, partitions: rows, paused: false, pausedBy: undefined })
      return
    }
    const conflict = registrationConflict(known.registration, registration)
    if (conflict !== undefined) throw conflict
    const other = known.partitions.find(({ checkpoint }) => checkpoint.generation !== start.generation)
    if (other !== undefined)
      throw new LogReplacedError({ expected: other.checkpoint.generation, actual: start.generation })
  }

  async acquire(
    { processor, partition }: { readonly processor: string; readonly partition: number },
    { owner, ttlMs }: AcquireOptions,
  ): Promise<LeaseAttempt> {
    checkText('options.owner', owner)
    checkDuration('options.ttlMs', ttlMs)
    const known = this.#known.get(processor)
    const row = known?.partitions[partition]
    if (known === undefined || row === undefined)
      throw new ConfigurationError(`processor ${processor}`, `partition ${partition} was never registered`)
    if (known.paused) return { kind: 'paused' }
    const now = this.#now()
    if (row.owner !== undefined && row.owner !== owner && row.leaseUntil > now)
      return { kind: 'busy', heldBy: row.owner, until: new Date(row.leaseUntil) }
    const takenFrom = row.owner === owner ? undefined : row.owner
    row.epoch += 1
    row.owner = owner
    row.leaseUntil = now + ttlMs
    return {
      kind: 'granted',
      lease: { processor, partition, owner, epoch: row.epoch, checkpoint: row.checkpoint },
      ...(takenFrom === undefined ? {} : { takenFrom }),
    }
  }

  async renew(lease: Lease, ttlMs: number): Promise<void> {
    checkDuration('ttlMs', ttlMs)
    this.#held(lease).leaseUntil = this.#now() + ttlMs
  }

  async release(lease: Lease): Promise<void> {
    const row = this.#row(lease)
    if (row?.epoch === lease.epoch && row.owner === lease.owner) row.owner = undefined
  }

  async recover(lease: Lease): Promise<{ readonly unknown: number }> {
    this.#held(lease)
    return { unknown: 0 }
  }

  async advance(lease: Lease, advance: Advance): Promise<AdvanceReceipt> {
    checkAdvance(advance)
    await failpoint('advance:before-commit')
    const row = this.#held(lease)
    const { checkpoint, records } = advance
    if (comparePositions(checkpoint, row.checkpoint) > 0) {
      row.checkpoint = checkpoint
      row.recordsHandled += records
      row.updatedAt = this.#now()
    }
    await failpoint('advance:after-commit')
    return { started: [] }
  }

  async settle(lease: Lease, { finished, starting }: Settlement): Promise<void> {
    if (finished.length > 0 || starting.length > 0) throw noEffects('attempts of deliveries')
    this.#held(lease)
  }

  async due(lease: Lease, { limit }: DueOptions): Promise<DueDeliveries> {
    checkWhole('options.limit', limit, { min: 1, max: maxPage })
    this.#held(lease)
    return { deliveries: [], nextInMs: undefined }
  }

  async parkedToRetry(lease: Lease): Promise<readonly ParkedRecord[]> {
    this.#held(lease)
    return []
  }

  async heldStreams(lease: Lease): Promise<readonly string[]> {
    this.#held(lease)
    return []
  }

  async parkAgain(): Promise<void> {
    throw noEffects('parked records')
  }

  async reportError(lease: Lease, error: string): Promise<void> {
    this.#held(lease).lastError = error.slice(0, 500)
  }

  async setPaused(
    processor: string,
    { paused, by }: { readonly paused: boolean; readonly by: string },
  ): Promise<boolean> {
    checkText('by', by)
    const known = this.#known.get(processor)
    if (known === undefined) return false
    known.paused = paused
    known.pausedBy = paused ? by : undefined
    return true
  }

  async requests(): Promise<readonly ProcessorRequests[]> {
    return [...this.#known].map(([processor, { paused, pausedBy }]) => ({
      processor,
      paused,
      pausedBy,
      retries: 0,
    }))
  }

  async status(): Promise<readonly PartitionStatus[]> {
    const now = this.#now()
    return [...this.#known]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([processor, { registration, partitions, paused }]) =>
        partitions.map((row, partition) => ({
          processor,
          partition,
          log: registration.log,
          checkpoint: row.checkpoint,
          epoch: row.epoch,
          owner: row.leaseUntil > now ? row.owner : undefined,
          paused,
          recordsHandled: row.recordsHandled,
          lastError: row.lastError,
          updatedAt: new Date(row.updatedAt),
          openDeliveries: 0,
          backlogAgeMs: 0,
          parkedRecords: 0,
          deadLetters: 0,
        })),
      )
  }

  async listDeliveries(options?: {
    readonly limit?: number
    readonly cursor?: string
  }): Promise<Page<Delivery>> {
    return emptyPage(options)
  }

  async getDelivery(): Promise<Delivery | undefined> {
    return undefined
  }

  async deliveriesOf(): Promise<readonly Delivery[]> {
    return []
  }

  #row({ processor, partition }: Pick<Lease, 'processor' | 'partition'>): Partition | undefined {
    return this.#known.get(processor)?.partitions[partition]
  }

  /** @throws {@link FencedError} */
  #held(lease: Lease): Partition {
    const row = this.#row(lease)
    if (row !== undefined && row.epoch === lease.epoch && row.owner === lease.owner) return row
    const what = `partition ${lease.partition} of processor ${lease.processor}`
    throw new FencedError(what, {
      epoch: lease.epoch,
      currentEpoch: row?.owner === undefined ? undefined : row.epoch,
    })
  }
}

/** Opens an empty processor store in this process: leases and checkpoints, without effects. */
export function openMemoryProcessorStore({
  now = Date.now,
}: MemoryProcessorStoreOptions = {}): ProcessorStore {
  return new MemoryProcessorStore(now)
}
