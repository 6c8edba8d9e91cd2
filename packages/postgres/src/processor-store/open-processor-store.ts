import { checkWhole } from '@millrace/contracts'
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

import { prepareSchema } from '../migrations/migrate.ts'
import type { MigrateMode } from '../migrations/migrate.ts'
import { defaultSchema, parseSchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { advance, checkAdvance } from './advance.ts'
import { carryOver } from './carry-over.ts'
import { CheckpointBatch, isCheckpointOnly } from './checkpoint-batch.ts'
import { SqlDeadLetterQueue } from './dead-letter-queue.ts'
import { deliveriesOf, getDelivery, listDeliveries } from './delivery-lists.ts'
import { due } from './due.ts'
import { HistoryUpkeep } from './history-upkeep.ts'
import { acquire, release, renew, reportError } from './lease.ts'
import type { PartitionKey } from './lease.ts'
import { createLedger } from './ledger.ts'
import type { Ledger } from './ledger.ts'
import { heldStreams, parkAgain, parkedToRetry } from './parking.ts'
import { recover } from './recover.ts'
import { register } from './registration.ts'
import { readAllRequests, setPaused } from './requests.ts'
import { settle } from './settle.ts'
import { status } from './status.ts'
import { TableVacuum } from './table-vacuum.ts'

/** Settings of {@link openProcessorStore}. */
export interface ProcessorStoreOptions {
  /** Stays the caller's to close. */
  readonly database: SqlDatabase
  /** The schema of the tables. @defaultValue `'millrace'` */
  readonly schema?: string
  /**
   * `run` creates the tables and brings older ones up to this release; `refuse` changes nothing, keeps no house, and throws a
   * {@link ConfigurationError} for tables that are missing or older. @defaultValue `'run'`
   */
  readonly migrate?: MigrateMode
  /** Days ended deliveries are kept, 1 to 3650. Dead letters stay until removed. @defaultValue 30 */
  readonly historyDays?: number
  /**
   * Told when housekeeping failed: partitions of the history, the embedded vacuum. It is tried again later and holds up
   * no delivery. @defaultValue a process warning with the code `MILLRACE_UPKEEP`
   */
  readonly onUpkeepFailure?: (error: unknown) => void
}

function warnOfUpkeep(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error), { code: 'MILLRACE_UPKEEP' })
}

class SqlProcessorStore implements ProcessorStore {
  readonly effects = true
  readonly deadLetters: DeadLetterQueue
  readonly #ledger: Ledger
  readonly #upkeep: HistoryUpkeep
  readonly #vacuum: TableVacuum
  readonly #checkpoints: CheckpointBatch

  constructor(ledger: Ledger, upkeep: HistoryUpkeep, vacuum: TableVacuum) {
    this.#ledger = ledger
    this.#upkeep = upkeep
    this.#vacuum = vacuum
    this.#checkpoints = new CheckpointBatch(ledger)
    this.deadLetters = new SqlDeadLetterQueue(ledger)
  }

  async register(registration: ProcessorRegistration): Promise<void> {
    await register(this.#ledger, registration)
  }

  async carryOver(places: CarryOver): Promise<void> {
    await carryOver(this.#ledger, places)
  }

  async acquire(partition: PartitionKey, options: AcquireOptions): Promise<LeaseAttempt> {
    return await acquire(this.#ledger, partition, options)
  }

  async renew(lease: Lease, ttlMs: number): Promise<void> {
    // Also while nothing ends: so that a day's partition is there before its first row.
    this.#upkeep.begin()
    await renew(this.#ledger, lease, ttlMs)
  }

  async release(lease: Lease): Promise<void> {
    await release(this.#ledger, lease)
  }

  async recover(
    lease: Lease,
    options: { readonly deadLetterActions: readonly string[] },
  ): Promise<{ readonly unknown: number }> {
    return await recover(this.#ledger, lease, options)
  }

  async advance(lease: Lease, change: Advance): Promise<AdvanceReceipt> {
    checkAdvance(change)
    return isCheckpointOnly(change)
      ? await this.#checkpoints.save(lease, change)
      : await advance(this.#ledger, lease, change)
  }

  async settle(lease: Lease, settlement: Settlement): Promise<void> {
    this.#upkeep.begin()
    this.#vacuum.begin(settlement.finished.length)
    await settle(this.#ledger, lease, settlement)
  }

  async due(lease: Lease, options: DueOptions): Promise<DueDeliveries> {
    return await due(this.#ledger, lease, options)
  }

  async parkedToRetry(lease: Lease, limit: number): Promise<readonly ParkedRecord[]> {
    return await parkedToRetry(this.#ledger, lease, limit)
  }

  async heldStreams(lease: Lease): Promise<readonly string[]> {
    return await heldStreams(this.#ledger, lease)
  }

  async parkAgain(lease: Lease, recordId: string, reason: string): Promise<void> {
    await parkAgain(this.#ledger, lease, { recordId, reason })
  }

  async reportError(lease: Lease, error: string): Promise<void> {
    await reportError(this.#ledger, lease, error)
  }

  async setPaused(
    processor: string,
    change: { readonly paused: boolean; readonly by: string },
  ): Promise<boolean> {
    return await setPaused(this.#ledger, processor, change)
  }

  async requests(): Promise<readonly ProcessorRequests[]> {
    return await readAllRequests(this.#ledger)
  }

  async status(): Promise<readonly PartitionStatus[]> {
    return await status(this.#ledger)
  }

  async listDeliveries(options?: ListDeliveriesOptions): Promise<Page<Delivery>> {
    return await listDeliveries(this.#ledger, options)
  }

  async getDelivery(id: string): Promise<Delivery | undefined> {
    return await getDelivery(this.#ledger, id)
  }

  async deliveriesOf(recordId: string): Promise<readonly Delivery[]> {
    return await deliveriesOf(this.#ledger, recordId)
  }
}

/**
 * Opens leases, checkpoints and the ledger in a database, on `pg` and PGlite alike, and brings the tables up to this
 * release. Nothing is held but the database, so there is nothing to close.
 *
 * @throws {@link ConfigurationError} for a bad schema name or a schema newer than this release
 */
export async function openProcessorStore(options: ProcessorStoreOptions): Promise<ProcessorStore> {
  const { database, historyDays = 30, onUpkeepFailure: onFailure = warnOfUpkeep } = options
  const schema = parseSchemaName(options.schema ?? defaultSchema)
  checkWhole('options.historyDays', historyDays, { min: 1, max: 3650 })
  await prepareSchema(database, schema, options.migrate)
  const ledger = createLedger(database, schema)
  const upkeep = new HistoryUpkeep(ledger, {
    keepDays: historyDays,
    monotonic: () => performance.now(),
    onFailure,
  })
  if (options.migrate !== 'refuse') await upkeep.ensure()
  return new SqlProcessorStore(ledger, upkeep, new TableVacuum(ledger, { onFailure }))
}
