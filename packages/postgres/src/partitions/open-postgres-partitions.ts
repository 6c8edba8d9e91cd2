import { setTimeout } from 'node:timers/promises'

import { failpoint, InvalidValueError, PartitionHeldError } from '@millrace/contracts'
import type { AnchorSigner, DetachOrder, LogPartition, LogPartitions, Position } from '@millrace/contracts'

import { prepareSchema } from '../migrations/migrate.ts'
import type { MigrateMode } from '../migrations/migrate.ts'
import { generationOf, schemasOfLog } from '../replace/replacement-rows.ts'
import { defaultSchema, inSchema, parseSchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase, SqlSession, SqlTransaction } from '../sql/sql-database.ts'
import { hasSqlState, sqlState } from '../sql/sql-error.ts'
import { boundaryText } from './boundary-text.ts'
import { digestChains } from './chain-digest.ts'
import { holdsOf } from './partition-holds.ts'
import type { LogPlace } from './partition-holds.ts'
import { readPartitions } from './partition-rows.ts'

/** Settings of {@link openPostgresPartitions}. */
export interface PostgresPartitionsOptions {
  /** Stays open. */
  readonly database: SqlDatabase
  /** That of the event store, and of the processors that read it. @defaultValue `'millrace'` */
  readonly schema?: string
  /** See the event store's. @defaultValue `'run'` */
  readonly migrate?: MigrateMode
  /** Signs where the log begins, so that nobody else moves it. @defaultValue it is not signed */
  readonly signer?: AnchorSigner
  /** Current time in epoch milliseconds. @defaultValue `Date.now` */
  readonly now?: () => number
}

/** $1 to $12 the columns but the last. */
const insert = `insert into :schema.archived_partitions
  (name, from_seq, to_seq, events, occurred_until, archive, archive_hash, chain_digest, detached_at, detached_by, key_id, signature)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`

// Of all who make, detach and drop partitions one is at it.
const alone = "select pg_advisory_xact_lock(hashtext('millrace events'), hashtext(':schema'))"

/** Appends wait behind whoever waits for the table: not for long, rather once more. */
const lockTimeout = "set local lock_timeout = '500ms'"
const tries = 20
const pauseMs = 100

/** The partitions of one log, in its database. */
class PostgresPartitions implements LogPartitions {
  readonly #options: PostgresPartitionsOptions
  readonly #place: LogPlace

  constructor(options: PostgresPartitionsOptions, place: LogPlace) {
    this.#options = options
    this.#place = place
  }

  async list(): Promise<readonly LogPartition[]> {
    return await readPartitions(this.#options.database, this.#place.log)
  }

  async held(name: string, archivedUpTo: Position): Promise<readonly string[] | undefined> {
    const { database } = this.#options
    const found = await this.#find(database, name)
    if (found === undefined || found.partition.state !== 'attached') return found && []
    return await holdsOf(database, this.#place, { ...found, archivedUpTo })
  }

  async detach(order: DetachOrder): Promise<LogPartition> {
    checkOrder(order)
    const found = await this.#find(this.#options.database, order.name)
    // The chains up to there do not grow any more; what is not settled yet holds the partition.
    const chains =
      found && (await digestChains(this.#options.database, this.#place.log, found.partition.toCommit))
    await this.#patiently(order.name, async (tx) => {
      if (await this.#detachIn(tx, order, chains)) await failpoint('detach:before-commit')
    })
    await failpoint('detach:after-commit')
    return await this.#shown(order.name)
  }

  async drop(name: string): Promise<LogPartition> {
    await this.#patiently(name, async (tx) => {
      const partition = (await readPartitions(tx, this.#place.log)).find((one) => one.name === name)
      if (partition?.state === 'attached' || partition === undefined)
        throw new PartitionHeldError(name, ['it is not detached'])
      await tx.query(this.#text('select :schema.drop_events_partition($1, $2)'), [name, this.#now()])
      await failpoint('drop:before-commit')
    })
    await failpoint('drop:after-commit')
    return await this.#shown(name)
  }

  /** False where it was detached before. Everything is looked at again: nobody else moves partitions now. */
  async #detachIn(tx: SqlTransaction, order: DetachOrder, chains: string | undefined): Promise<boolean> {
    const { name, archivedUpTo } = order
    const found = await this.#find(tx, name)
    if (found === undefined) throw new PartitionHeldError(name, ['it does not exist'])
    if (found.partition.state !== 'attached') return false
    await tx.query(this.#text('select :schema.detach_events_partition($1)'), [name])
    // Behind the lock: whoever wrote to it has ended.
    const reasons = await holdsOf(tx, this.#place, { ...found, archivedUpTo })
    if (reasons.length > 0) throw new PartitionHeldError(name, reasons)
    await tx.execute(this.#text(insert), this.#rowOf(found.partition, order, chains))
    return true
  }

  #rowOf(
    { fromCommit, toCommit }: LogPartition,
    order: DetachOrder,
    chains: string | undefined,
  ): readonly unknown[] {
    const { signer } = this.#options
    const row = {
      name: order.name,
      from_seq: fromCommit,
      to_seq: toCommit,
      events: order.events,
      occurred_until: order.occurredUntil?.getTime() ?? 0,
      archive: order.archive,
      archive_hash: order.archiveHash,
      chain_digest: chains ?? null,
      detached_at: this.#now(),
      detached_by: order.by,
    }
    const signature = signer?.sign(boundaryText(this.#place.generation, row)) ?? null
    return [...Object.values(row), signer?.keyId ?? null, signature]
  }

  async #find(
    session: SqlSession,
    name: string,
  ): Promise<{ readonly partition: LogPartition; readonly oldest: LogPartition | undefined } | undefined> {
    const partitions = await readPartitions(session, this.#place.log)
    const partition = partitions.find((one) => one.name === name)
    return partition && { partition, oldest: partitions.find(({ state }) => state === 'attached') }
  }

  async #shown(name: string): Promise<LogPartition> {
    const found = await this.#find(this.#options.database, name)
    if (found === undefined) throw new PartitionHeldError(name, ['it does not exist'])
    return found.partition
  }

  /** Once more for as long as others hold the table. */
  async #patiently(name: string, work: (tx: SqlTransaction) => Promise<void>): Promise<void> {
    const { database } = this.#options
    for (let left = tries; ; left--)
      try {
        return await database.transaction(async (tx) => {
          await tx.execute(lockTimeout)
          await tx.query(this.#text(alone))
          await work(tx)
        })
      } catch (error) {
        const held = [sqlState.lockNotAvailable, sqlState.deadlock].some((state) => hasSqlState(error, state))
        if (!held) throw error
        if (left <= 1)
          throw new PartitionHeldError(
            name,
            ['others have been reading or writing the events all the time'],
            {
              cause: error,
            },
          )
        await setTimeout(pauseMs)
      }
  }

  #now(): number {
    return (this.#options.now ?? Date.now)()
  }

  #text(statement: string): string {
    return inSchema(statement, this.#place.log)
  }
}

function checkOrder({ name, archive, by }: DetachOrder): void {
  for (const [field, text] of Object.entries({ name, archive, by }))
    if (!(typeof text === 'string' && text.trim() !== '' && text.length <= 200))
      throw new InvalidValueError(`order.${field}`, 'text of 1 to 200 characters')
}

/**
 * Opens the partitions of an event store's log on Postgres or PGlite.
 * @throws {@link ConfigurationError} for a bad setting, or tables of another release that may not be migrated
 */
export async function openPostgresPartitions(options: PostgresPartitionsOptions): Promise<LogPartitions> {
  const { database, migrate } = options
  const named = parseSchemaName(options.schema ?? defaultSchema)
  await prepareSchema(database, named, migrate)
  // What replaced the log since lies in another schema; its processors stay where they were.
  const log = (await schemasOfLog(database, named)).at(-1) ?? named
  const generation = await generationOf(database, log)
  return new PostgresPartitions(options, { log, processors: named, generation })
}
