import type { Advance, AdvanceReceipt, Lease } from '@millrace/contracts'

import type { SqlTransaction } from '../sql/sql-database.ts'
import { advance } from './advance.ts'
import { commitAs } from './ledger.ts'
import type { Ledger } from './ledger.ts'

// in:    processors, partitions, in pairs
// out:   those nobody else is at; the others are waited for alone, so that one of them holds up no other
// locks: these partitions' rows until commit
const lockPartitions = `
  select p.processor, p.partition from :schema.processor_partitions p
  join unnest($1::text[], $2::int[]) as asked (processor, partition)
    on p.processor = asked.processor and p.partition = asked.partition
  for no key update of p skip locked`

// in:    processors, partitions, epochs, owners, generations, commits, indexes, records: one place in each for a save
// out:   the partitions that moved; not those whose lease has passed or whose checkpoint is not behind
// locks: as above. The right-hand sides see the rows as they were
const moveMany = `
  update :schema.processor_partitions p
  set handled_commit = greatest(p.handled_commit, p.checkpoint_commit), checkpoint_commit = a.commit,
      checkpoint_index = a.index, records_handled = p.records_handled + a.records, updated_at = now()
  from unnest($1::text[], $2::int[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::int[], $8::bigint[])
    as a (processor, partition, epoch, owner, generation, commit, index, records)
  where p.processor = a.processor and p.partition = a.partition and p.epoch = a.epoch and p.owner = a.owner
    and p.generation = a.generation and (p.checkpoint_commit, p.checkpoint_index) < (a.commit, a.index)
  returning p.processor, p.partition`

interface Save {
  readonly lease: Lease
  readonly change: Advance
  readonly resolve: (receipt: AdvanceReceipt) => void
  readonly reject: (error: unknown) => void
}

/** So many rows change in one transaction. */
const maxSaves = 1_000

type Place = Pick<Lease, 'processor' | 'partition'>

const placeOf = ({ processor, partition }: Place): string => `${processor}:${partition}`

/** True for an advance that is nothing but a checkpoint. */
export function isCheckpointOnly({ writes, deliveries, parked, unparked }: Advance): boolean {
  return writes.length + deliveries.length + parked.length + unparked.length === 0
}

/**
 * Saves checkpoints that carry no effects: one at once, and whatever comes while it is under way together in the next
 * transaction. Each is as durable, as fenced and as repeatable as if it went alone.
 */
export class CheckpointBatch {
  readonly #ledger: Ledger
  #waiting: Save[] = []
  #saving = false

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** See `ProcessorStore.advance`. */
  async save(lease: Lease, change: Advance): Promise<AdvanceReceipt> {
    const { promise, resolve, reject } = Promise.withResolvers<AdvanceReceipt>()
    this.#waiting.push({ lease, change, resolve, reject })
    if (!this.#saving) void this.#saveAll()
    return await promise
  }

  /** Never rejects: each save is told what became of it. */
  async #saveAll(): Promise<void> {
    this.#saving = true
    // What is saved in the same turn goes along.
    await Promise.resolve()
    while (this.#waiting.length > 0) await this.#saveSome(this.#take())
    this.#saving = false
  }

  /** One save of each partition; a second one has to find the first one's. */
  #take(): readonly Save[] {
    const taken = new Map<string, Save>()
    const left: Save[] = []
    for (const save of this.#waiting) {
      const place = placeOf(save.lease)
      if (taken.size < maxSaves && !taken.has(place)) taken.set(place, save)
      else left.push(save)
    }
    this.#waiting = left
    return [...taken.values()]
  }

  async #saveSome(saves: readonly Save[]): Promise<void> {
    const [only] = saves
    if (only !== undefined && saves.length === 1) return await this.#saveAlone(only)
    try {
      const moved = await commitAs(this.#ledger, 'advance', async (tx) => await this.#move(tx, saves))
      for (const save of saves) if (moved.has(placeOf(save.lease))) save.resolve({ started: [] })
      // Why it did not move (fenced, another log, saved before, somebody at it) is found out alone.
      const rest = saves.filter(({ lease }) => !moved.has(placeOf(lease)))
      await Promise.all(rest.map(async (save) => await this.#saveAlone(save)))
    } catch (error) {
      for (const { reject } of saves) reject(error)
    }
  }

  async #saveAlone({ lease, change, resolve, reject }: Save): Promise<void> {
    try {
      resolve(await advance(this.#ledger, lease, change))
    } catch (error) {
      reject(error)
    }
  }

  async #move(tx: SqlTransaction, asked: readonly Save[]): Promise<ReadonlySet<string>> {
    const keys = asked.map(({ lease }) => lease)
    const pairs = [keys.map(({ processor }) => processor), keys.map(({ partition }) => partition)]
    const locked = new Set((await tx.query<Place>(this.#ledger.sql(lockPartitions), pairs)).map(placeOf))
    const saves = asked.filter(({ lease }) => locked.has(placeOf(lease)))
    const column = <T>(read: (save: Save) => T): readonly T[] => saves.map(read)
    const rows = await tx.query<Place>(this.#ledger.sql(moveMany), [
      column(({ lease }) => lease.processor),
      column(({ lease }) => lease.partition),
      column(({ lease }) => lease.epoch),
      column(({ lease }) => lease.owner),
      column(({ change }) => change.checkpoint.generation),
      column(({ change }) => change.checkpoint.commit),
      column(({ change }) => change.checkpoint.index),
      column(({ change }) => change.records),
    ])
    return new Set(rows.map(placeOf))
  }
}
