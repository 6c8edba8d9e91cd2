import type { NewParkedRecord, Position } from '@millrace/contracts'

import { pause } from '../clock/pulse.ts'
import { isOutage, isPermanent } from '../errors/classify.ts'
import { workOn } from '../errors/withheld.ts'
import type { LedgerOwner, PartitionLedger } from '../ledger/partition-ledger.ts'
import type { DecodedRecord, Effects, WantedDelivery } from '../processor/handler-context.ts'
import { Backoff } from '../retry/backoff.ts'
import { retryDelayMs } from '../retry/retry-policy.ts'
import { byCommit, parkedOf } from './decode-batch.ts'
import type { DecodedBatch } from './decode-batch.ts'
import type { HeldStreams } from './held-streams.ts'
import { runHandler } from './run-handler.ts'

/** What a batch runner tells the partition it belongs to. */
export interface BatchEvents {
  /** A handler or its writes failed, or something it needs is away. */
  readonly onProblem: (error: unknown) => void
}

/** What a batch runner works with beside its owner. */
export interface BatchParts {
  readonly ledger: PartitionLedger
  readonly held: HeldStreams
}

/** Thrown when the partition winds down between two tries: the batch is handled by the next owner. */
export class HandlingInterrupted extends Error {
  override readonly name = 'HandlingInterrupted'
}

interface Recorded {
  readonly checkpoint: Position
  readonly records: number
  readonly effects: Effects
  readonly parked: readonly NewParkedRecord[]
  readonly unparked: readonly string[]
}

type Change = Partial<Recorded> & Pick<Recorded, 'checkpoint' | 'records'>

type Outcome =
  | { readonly kind: 'handled'; readonly record: DecodedRecord; readonly effects: Effects }
  | { readonly kind: 'parked'; readonly parked: NewParkedRecord }

const nothing: Effects = { writes: [], deliveries: [], recorded: [] }

function merge(all: readonly Effects[]): Effects {
  return {
    writes: all.flatMap(({ writes }) => writes),
    deliveries: all.flatMap(({ deliveries }) => deliveries),
    recorded: all.flatMap(({ recorded }) => recorded),
  }
}

/**
 * Handles batches so that a failing handler costs exactly the record that it fails on, and a refused write those of
 * its commit that wrote.
 *
 * The batch runs as a whole. If that fails, it runs again commit by commit; a commit that fails runs record by record,
 * each tried by the processor's retry policy and parked when that is used up. Whatever happens, the effects of a
 * commit, its parked records and the checkpoint behind it become durable in one transaction.
 *
 * On a store without effects nothing can be parked: the record is held, and tried for as long as it takes.
 */
export class BatchRunner {
  readonly #owner: LedgerOwner
  readonly #ledger: PartitionLedger
  readonly #events: BatchEvents
  readonly #held: HeldStreams
  /** Records handled behind the last checkpoint that was saved. */
  #unsaved = 0
  #isSaved = true

  constructor(owner: LedgerOwner, parts: BatchParts, events: BatchEvents) {
    this.#owner = owner
    this.#ledger = parts.ledger
    this.#held = parts.held
    this.#events = events
  }

  /** Records handled since the last checkpoint was saved; they count as saved from now on. */
  takeUnsaved(): number {
    const count = this.#unsaved
    this.#unsaved = 0
    return count
  }

  /**
   * Returns whether the checkpoint is saved: where a pure handler asked for nothing, it need not be at once.
   * @throws {@link HandlingInterrupted}, the end of the tenure, and what the store cannot recover from
   */
  async handle(decoded: DecodedBatch, end: Position): Promise<boolean> {
    const batch = this.#held.withhold(decoded)
    const { records, malformed } = batch
    try {
      if (records.length > 0) await this.#together(batch, end)
      else await this.#record({ checkpoint: end, records: malformed.length, parked: malformed })
    } catch (error) {
      if (records.length === 0) throw error
      this.#judge(error)
      await this.#apart(batch, end, error)
    }
    return this.#isSaved
  }

  /** Handles a parked record again, once. @throws what its handler or the store throws */
  async handleParked(record: DecodedRecord, checkpoint: Position): Promise<void> {
    const effects = await this.#effectsOf([record])
    await workOn([record], () =>
      this.#record({ checkpoint, records: 0, effects, unparked: [record.stored.id] }),
    )
  }

  async #together({ records, malformed }: DecodedBatch, end: Position): Promise<void> {
    const effects = await this.#effectsOf(records)
    const count = records.length + malformed.length
    await workOn(records, () => this.#record({ checkpoint: end, records: count, effects, parked: malformed }))
  }

  /** One call of the handler, repeated only while something the handler needs is away: no record is to blame for that. */
  async #effectsOf(records: readonly DecodedRecord[]): Promise<Effects> {
    const backoff = new Backoff(this.#owner.scope.random)
    for (;;) {
      try {
        return await runHandler(this.#owner, records)
      } catch (error) {
        this.#judge(error)
        if (!isOutage(error)) throw error
        this.#events.onProblem(error)
        await this.#wait(backoff.next())
      }
    }
  }

  async #apart({ records, malformed }: DecodedBatch, end: Position, first: unknown): Promise<void> {
    const commits = byCommit(records)
    const alone = records.length === 1 ? first : undefined
    for (const [index, commit] of commits.entries()) {
      const last = commit.at(-1)
      const isLast = index === commits.length - 1
      if (last === undefined) continue
      const checkpoint = isLast ? end : last.stored.position
      const upTo = ({ position }: NewParkedRecord): boolean => isLast || position.commit <= checkpoint.commit
      const from = commits[index - 1]?.at(-1)?.stored.position.commit ?? -1
      const bad = malformed.filter((each) => each.position.commit > from && upTo(each))
      await this.#commit(this.#held.withhold({ records: commit, malformed: bad }), checkpoint, alone)
    }
  }

  /** One commit: as a whole, then record by record. `known` is its failure where it ran alone already. */
  async #commit(commit: DecodedBatch, checkpoint: Position, known: unknown): Promise<void> {
    if (commit.records.length > 1) {
      try {
        return await this.#together(commit, checkpoint)
      } catch (error) {
        this.#judge(error)
        this.#events.onProblem(error)
      }
    }
    await this.#recordOutcomes(await this.#oneByOne(commit, known), commit, checkpoint)
  }

  /** In order; what follows a failed record in its stream is not tried where the processor holds it. */
  async #oneByOne({ records }: DecodedBatch, known: unknown): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = []
    const stopped = new Set<string>()
    for (const record of records) {
      const { streamId } = record.stored
      const outcome: Outcome = stopped.has(streamId)
        ? { kind: 'parked', parked: this.#held.behind(record) }
        : await this.#alone(record, known)
      if (outcome.kind === 'parked' && this.#held.hold) stopped.add(streamId)
      outcomes.push(outcome)
    }
    return outcomes
  }

  async #alone(record: DecodedRecord, known: unknown): Promise<Outcome> {
    const { scope, processor } = this.#owner
    const holding = new Backoff(scope.random)
    let error = known
    for (let tries = known === undefined ? 0 : 1; ; tries++) {
      if (error !== undefined) {
        this.#events.onProblem(error)
        const isLost = tries >= processor.retry.maxAttempts || isPermanent(error)
        if (isLost && scope.store.effects)
          return { kind: 'parked', parked: parkedOf(processor, record.stored, scope.errorText(error)) }
        if (isLost) await this.#hold(holding)
        else await this.#wait(retryDelayMs(processor.retry, tries, scope.random))
      }
      try {
        return { kind: 'handled', record, effects: await this.#effectsOf([record]) }
      } catch (thrown) {
        this.#judge(thrown)
        error = thrown ?? new Error('the handler threw undefined')
      }
    }
  }

  async #recordOutcomes(
    outcomes: readonly Outcome[],
    commit: DecodedBatch,
    checkpoint: Position,
  ): Promise<void> {
    const records = commit.records.length + commit.malformed.length
    const handled = outcomes.filter((outcome) => outcome.kind === 'handled')
    const parked = [
      ...commit.malformed,
      ...outcomes.flatMap((each) => (each.kind === 'parked' ? [each.parked] : [])),
    ]
    try {
      const effects = merge(handled.map((each) => each.effects))
      await this.#recordPatiently({ checkpoint, records, effects, parked }, commit.records)
    } catch (error) {
      this.#judge(error)
      // The database refused a write. A commit's writes are one, so all records that wrote are set aside.
      const reason = this.#owner.scope.errorText(error)
      const writers = handled.filter(({ effects }) => effects.writes.length > 0)
      if (writers.length === 0) throw error
      const stopped = new Set(this.#held.hold ? writers.map(({ record }) => record.stored.streamId) : [])
      const rest = handled.filter(({ effects }) => effects.writes.length === 0)
      const others = rest.filter(({ record }) => !stopped.has(record.stored.streamId))
      const waiting = rest.filter(({ record }) => stopped.has(record.stored.streamId))
      await this.#record({
        checkpoint,
        records,
        effects: merge(others.map(({ effects }) => effects)),
        parked: [
          ...parked,
          ...writers.map(({ record }) => parkedOf(this.#owner.processor, record.stored, reason)),
          ...waiting.map(({ record }) => this.#held.behind(record)),
        ],
      })
    }
  }

  /** By the processor's retry policy: what a database refuses once, in a deadlock say, it may take the next time. */
  async #recordPatiently(change: Change, about: readonly DecodedRecord[]): Promise<void> {
    const { processor, scope } = this.#owner
    for (let tries = 1; ; tries++) {
      try {
        return await workOn(about, () => this.#record(change))
      } catch (error) {
        this.#judge(error)
        this.#events.onProblem(error)
        if (tries >= processor.retry.maxAttempts || isPermanent(error)) throw error
        await this.#wait(retryDelayMs(processor.retry, tries, scope.random))
      }
    }
  }

  async #record(change: Change): Promise<void> {
    const { scope, tenure } = this.#owner
    const { checkpoint, records, effects = nothing, parked = [], unparked = [] } = change
    const wanted: readonly WantedDelivery[] = effects.deliveries
    const { writes } = effects
    const isNothing = writes.length + wanted.length + parked.length + unparked.length === 0
    if (this.#owner.processor.pure && isNothing) return this.#pass(change, effects)
    await this.#ledger.clear(wanted)
    const deliveries = this.#ledger.open(wanted)
    const advance = { checkpoint, records: records + this.#unsaved, writes, deliveries, parked, unparked }
    try {
      const { started } = await tenure.persist(() => scope.store.advance(tenure.lease, advance))
      this.#ledger.begin(deliveries, wanted, started)
    } catch (error) {
      this.#ledger.forget(deliveries)
      throw error
    }
    this.#unsaved = 0
    this.#isSaved = true
    this.#held.add(parked)
    for (const then of effects.recorded) this.#callBack(then)
    this.#tell({ checkpoint, records, effects, parked, unparked })
  }

  /** Nothing to be recorded but that it was handled, and to handle it again costs nothing. */
  #pass({ records }: Change, effects: Effects): void {
    const { scope, tenure } = this.#owner
    this.#unsaved += records
    this.#isSaved = false
    scope.meters.advanced(tenure.lease, { records })
    for (const then of effects.recorded) this.#callBack(then)
  }

  /** What it is told of is done: nothing is taken back for its sake. */
  #callBack(then: () => void): void {
    try {
      then()
    } catch (error) {
      this.#events.onProblem(error)
    }
  }

  #tell({ checkpoint, records, parked, unparked }: Recorded): void {
    const { scope, tenure } = this.#owner
    const counts = { records, parked: parked.length, unparked: unparked.length }
    scope.meters.advanced(tenure.lease, counts)
    const { processor, partition } = tenure.lease
    const { facts } = scope
    for (const { recordId, reason } of parked)
      facts.tell({ kind: 'record-parked', processor, partition, recordId, reason })
    for (const recordId of unparked)
      facts.tell({ kind: 'record-unparked', processor, partition, recordId, reason: undefined })
    facts.tell({ kind: 'processor-advanced', processor, partition, checkpoint, records })
  }

  /** Throws on what is no failure of a record: the end of the tenure (also of a lost one) and of the patience. */
  #judge(error: unknown): void {
    this.#owner.tenure.over.throwIfAborted()
    if (error instanceof HandlingInterrupted) throw error
  }

  /** Nothing is tried while the lease could not be renewed: somebody else may have the partition by now. */
  async #hold(holding: Backoff): Promise<void> {
    do await this.#wait(holding.next())
    while (!this.#owner.tenure.mayStart())
  }

  async #wait(ms: number): Promise<void> {
    const { winding } = this.#owner.tenure
    await pause(ms, winding)
    if (winding.aborted) throw new HandlingInterrupted('the partition winds down')
  }
}
