import type { LeaseAttempt, Position } from '@millrace/contracts'

import type { ActionSlots } from '../action/action-slots.ts'
import { Pulse, pause } from '../clock/pulse.ts'
import { settledWithin, until } from '../clock/until.ts'
import { PartitionLedger } from '../ledger/partition-ledger.ts'
import type { Processor } from '../processor/define-processor.ts'
import { Backoff } from '../retry/backoff.ts'
import type { PartitionState } from '../runtime/facts.ts'
import type { RuntimeScope } from '../runtime/runtime-scope.ts'
import { PartitionHandler } from './partition-handler.ts'
import { Tenure } from './tenure.ts'
import { WorkPermit } from './work-permit.ts'

/** What is known of a partition in this process. */
export interface PartitionView {
  readonly state: PartitionState
  /** Redacted; the last one, also when things go well since. */
  readonly lastError: string | undefined
  /** Attempts under way here. */
  readonly inFlight: number
  /** Records passed over because no upcaster lifts them, since this process owns the partition. */
  readonly skipped: number
  /** Set while this process owns the partition. */
  readonly position: Position | undefined
}

/** Which partition a runner runs, and with what. */
export interface PartitionSetting {
  readonly scope: RuntimeScope
  readonly processor: Processor
  readonly partition: number
  readonly slots: ReadonlyMap<string, ActionSlots>
  readonly onProgress: () => void
}

interface Work {
  readonly tenure: Tenure
  readonly handler: PartitionHandler
  readonly ledger: PartitionLedger
}

type Asked = { readonly attempt: LeaseAttempt; readonly askedAt: number } | undefined

const releaseWithinMs = 250

/** Gets the lease of one partition, works under it, and gets it again whenever it was lost. */
export class PartitionRunner {
  readonly #setting: PartitionSetting
  readonly #pulse = new Pulse()
  readonly #stopping = new AbortController()
  #state: PartitionState = 'stopped'
  #lastError: string | undefined
  #problemAt = Number.NEGATIVE_INFINITY
  #paused = false
  #tenure: Tenure | undefined
  #work: Work | undefined
  #running: Promise<void> | undefined

  constructor(setting: PartitionSetting) {
    this.#setting = setting
  }

  get processor(): string {
    return this.#setting.processor.name
  }

  get partition(): number {
    return this.#setting.partition
  }

  get view(): PartitionView {
    return {
      state: this.#state,
      lastError: this.#lastError,
      inFlight: this.#work?.ledger.inFlight ?? 0,
      skipped: this.#work?.handler.skipped ?? 0,
      position: this.#work?.handler.position,
    }
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Looks for everything others may have left: due deliveries, parked records, a free lease. */
  poke(): void {
    this.#work?.ledger.expectMore()
    this.#work?.handler.poke()
    this.#pulse.notify()
  }

  /** Notes a trouble that concerns all partitions. */
  trouble(error: unknown): void {
    this.#problem(error, this.#state)
  }

  /** Paused, the attempts under way end in their own time, and the lease is given back then. */
  setPaused(paused: boolean): void {
    if (paused === this.#paused) return
    this.#paused = paused
    if (paused) this.#tenure?.wind()
    this.#pulse.notify()
  }

  /**
   * Begins nothing more; gives what is under way the grace to end and be recorded, then lets go of it and gives the
   * lease back. An attempt that has not ended by then is found `unknown` by the next owner.
   */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#tenure?.wind()
    const grace = setTimeout(() => this.#tenure?.end('stopped'), this.#setting.scope.stopGraceMs)
    try {
      await this.#running
    } finally {
      clearTimeout(grace)
    }
  }

  /** Never rejects: whatever goes wrong is reported, waited for, and tried again. */
  async #run(): Promise<void> {
    const { scope } = this.#setting
    const backoff = new Backoff(scope.random)
    while (!this.#stopping.signal.aborted) {
      const from = scope.clock.monotonic()
      try {
        await this.#round()
        backoff.reset()
      } catch (error) {
        if (scope.clock.monotonic() - from > scope.leaseTtlMs) backoff.reset()
        this.#problem(error)
        await pause(backoff.next(), this.#stopping.signal)
      }
    }
    this.#enter('stopped')
  }

  /** Asks for the lease once and does what the answer allows. */
  async #round(): Promise<void> {
    const { scope } = this.#setting
    if (this.#paused) return await this.#waitForResume()
    const met = await this.#try()
    if (met === 'done') return
    this.#enter(met === 'busy' ? 'waiting-for-lease' : 'paused')
    await this.#pulse.wait({
      timeoutMs: scope.pollMs * (0.75 + scope.random() / 2),
      signal: this.#stopping.signal,
    })
  }

  /** The lock first, where there are locks; it is given back whatever came of it. */
  async #try(): Promise<'done' | 'busy' | 'paused'> {
    const { scope, processor, partition } = this.#setting
    await using permit = await WorkPermit.ask({
      scope,
      processor: processor.name,
      partition,
      position: () => this.#work?.handler.position,
      onProblem: (error) => this.#problem(error, this.#state),
      signal: this.#stopping.signal,
    })
    if (permit.kind !== 'granted') return permit.kind === 'busy' ? 'busy' : 'done'
    const asked = await this.#ask()
    if (asked === undefined) return 'done'
    const { attempt, askedAt } = asked
    if (attempt.kind !== 'granted') return attempt.kind
    if (attempt.takenFrom !== undefined) scope.meters.failedOver(attempt.lease)
    await this.#own(new Tenure({ lease: attempt.lease, askedAt }, scope, this.#tenureEvents()), permit)
    return 'done'
  }

  async #waitForResume(): Promise<void> {
    this.#enter('paused')
    await this.#pulse.wait({ signal: this.#stopping.signal })
  }

  /** Undefined when the stop came first; a lease granted after that is given back. */
  async #ask(): Promise<Asked> {
    const { scope, processor, partition } = this.#setting
    const askedAt = scope.clock.monotonic()
    const { signal } = this.#stopping
    const partitionRef = { processor: processor.name, partition }
    const asking = scope.store.acquire(partitionRef, { owner: scope.owner, ttlMs: scope.leaseTtlMs })
    try {
      return { attempt: await until(asking, signal), askedAt }
    } catch (error) {
      if (!signal.aborted) throw error
      await settledWithin(
        asking.then((late) => this.#giveBack(late)),
        releaseWithinMs,
      )
      return undefined
    }
  }

  async #giveBack(late: LeaseAttempt): Promise<void> {
    if (late.kind === 'granted') await this.#setting.scope.store.release(late.lease)
  }

  async #own(tenure: Tenure, { lost }: WorkPermit): Promise<void> {
    this.#tenure = tenure
    const onLost = (): void => {
      this.#problem(lost.reason)
      tenure.end('its lock was taken away')
    }
    lost.addEventListener('abort', onLost, { once: true })
    if (lost.aborted) onLost()
    if (this.#paused || this.#stopping.signal.aborted) tenure.wind()
    const keeping = tenure.keep()
    try {
      await this.#serve(tenure)
    } catch (error) {
      if (tenure.fenced) this.#problem(error)
      else if (!this.#stopping.signal.aborted) throw error
    } finally {
      this.#work = undefined
      this.#tenure = undefined
      lost.removeEventListener('abort', onLost)
      tenure.end('given back')
      await keeping
      if (!tenure.fenced) await this.#release(tenure)
    }
  }

  async #serve(tenure: Tenure): Promise<void> {
    const { scope, processor, slots } = this.#setting
    const deadLetterActions = processor.actions
      .filter(({ afterUnknown }) => afterUnknown === 'dead-letter')
      .map(({ name }) => name)
    const { unknown } = await tenure.persist(() => scope.store.recover(tenure.lease, { deadLetterActions }))
    const { partition } = this
    if (unknown > 0) {
      scope.meters.unknown(tenure.lease, unknown)
      scope.facts.tell({ kind: 'attempts-unknown', processor: processor.name, partition, count: unknown })
    }
    const owner = { scope, processor, tenure, slots }
    const ledger = new PartitionLedger(owner)
    const handler = new PartitionHandler(owner, ledger, {
      onProblem: (error) => this.#handlerProblem(tenure, error),
      onProgress: () => {
        this.#enter('running')
        this.#setting.onProgress()
      },
    })
    this.#work = { tenure, handler, ledger }
    this.#enter('running')
    await this.#runBoth({ tenure, handler, ledger })
  }

  /** The handling and the deliveries run side by side; where one breaks, both end. */
  async #runBoth({ tenure, handler, ledger }: Work): Promise<void> {
    const breaking = (error: unknown): never => {
      tenure.end('it broke')
      throw error
    }
    const delivering = ledger.run().catch(breaking)
    const handling = handler
      .run()
      .catch(breaking)
      .finally(() => ledger.close())
    const outcomes = await Promise.allSettled([handling, delivering])
    const broken = outcomes
      .filter((outcome) => outcome.status === 'rejected')
      .map(({ reason }): unknown => reason)
    // The cause comes before its consequence, the end of the tenure.
    const [first] = broken.toSorted((a, b) => Number(isEnd(a)) - Number(isEnd(b)))
    if (broken.length > 0) throw first
  }

  async #release(tenure: Tenure): Promise<void> {
    const { store } = this.#setting.scope
    const releasing = store.release(tenure.lease).catch((error: unknown) => this.#problem(error))
    await settledWithin(releasing, releaseWithinMs)
  }

  #tenureEvents(): { onProblem: (error: unknown) => void; onRenewed: () => void } {
    return {
      onProblem: (error) => this.#problem(error),
      onRenewed: () => {
        this.#recovered()
        this.#work?.ledger.poke()
        this.#work?.handler.resume()
      },
    }
  }

  /** A failure of the handler is also kept in the store, for the status of other processes. */
  #handlerProblem(tenure: Tenure, error: unknown): void {
    const text = this.#problem(error)
    const { store } = this.#setting.scope
    // Best effort: the same text is in this process's status already, and a store that is away says so by itself.
    store.reportError(tenure.lease, text).catch(() => undefined)
  }

  #problem(error: unknown, state: PartitionState = 'failing'): string {
    const { scope } = this.#setting
    const text = scope.errorText(error)
    this.#lastError = text
    this.#problemAt = scope.clock.monotonic()
    this.#enter(state)
    const { processor, partition } = this
    scope.facts.tell({ kind: 'problem', processor, partition, error: text })
    return text
  }

  /** A partition with nothing to do shows that things go well by having had no trouble for a while. */
  #recovered(): void {
    const { clock, leaseTtlMs } = this.#setting.scope
    if (this.#work !== undefined && clock.monotonic() - this.#problemAt > leaseTtlMs) this.#enter('running')
  }

  #enter(state: PartitionState): void {
    if (state === this.#state) return
    this.#state = state
    const { processor, partition } = this
    this.#setting.scope.facts.tell({ kind: 'partition-changed', processor, partition, state })
  }
}

function isEnd(error: unknown): boolean {
  return error instanceof Error && error.name === 'TenureEnded'
}
