import { ConfigurationError, comparePositions, noMetrics } from '@millrace/contracts'
import type { Metrics, Position } from '@millrace/contracts'

import { ActionSlots } from '../action/action-slots.ts'
import { Pulse } from '../clock/pulse.ts'
import { isOutage } from '../errors/classify.ts'
import { createErrorText } from '../errors/error-text.ts'
import { observePartitions } from '../metrics/observe-partitions.ts'
import { RuntimeMeters } from '../metrics/runtime-meters.ts'
import { PartitionRunner } from '../partition/partition-runner.ts'
import { SharedDecoder } from '../partition/shared-decoder.ts'
import type { Processor } from '../processor/define-processor.ts'
import { LogTail } from '../tail/log-tail.ts'
import { FactHub } from './facts.ts'
import type { FactListener } from './facts.ts'
import { RequestPoll } from './request-poll.ts'
import type { RuntimeScope } from './runtime-scope.ts'
import { reportPartitions } from './runtime-status.ts'
import type { PartitionReport } from './runtime-status.ts'
import { checkProcessors, completeSettings } from './settings.ts'
import type { ProcessorRuntimeOptions } from './settings.ts'

/** Runs processors over one log. */
export interface ProcessorRuntime extends AsyncDisposable {
  /** The name under which this process holds leases. */
  readonly owner: string
  /**
   * Registers the processors (which resolves `startFrom: 'now'` once, so call it before events come in) and begins.
   * Resolves when all are registered, not when they have caught up.
   * @throws what `ProcessorStore.register` and the log throw; nothing runs then, and it may be called again
   */
  start(): Promise<void>
  /**
   * Takes one more processor on: registers it and, once the runtime has started, begins. Of one it has already nothing
   * changes.
   * @throws {@link ConfigurationError} as for a processor given at the beginning, and what registering throws
   */
  add(processor: Processor): Promise<void>
  /**
   * Lets a processor go, as the end of the runtime would: resolves when its leases are given back. What is stored of it
   * stays. Nothing happens where it is not of this runtime.
   */
  remove(processor: string): Promise<void>
  /** Whether a processor is of this runtime. */
  runs(processor: string): boolean
  /**
   * Every partition of this runtime's processors.
   * @throws {@link ConnectionError} while the database is away
   */
  status(): Promise<readonly PartitionReport[]>
  /**
   * Pauses a processor in all processes: nothing begins, attempts under way end. Kept across restarts.
   * @returns false when the store knows no such processor
   */
  pause(processor: string, by?: string): Promise<boolean>
  /** Undoes {@link ProcessorRuntime.pause}. @returns false when the store knows no such processor */
  resume(processor: string, by?: string): Promise<boolean>
  /** Looks at once for whatever there is to do: events, due deliveries, retries asked for, free leases. */
  wake(): void
  /**
   * Waits until a processor has handled everything up to a position, in whichever process it runs. False when that did
   * not happen within `timeoutMs` (by default 10_000) or before the runtime was closed.
   * @throws {@link ConfigurationError} for a processor that is not of this runtime
   */
  reached(processor: string, position: Position, options?: { readonly timeoutMs?: number }): Promise<boolean>
  /** Tells small facts as they happen, until the returned function is called. */
  onChange(listener: FactListener): () => void
  /**
   * Stops within about a second: what is under way gets `stopGraceMs` to end and be recorded, leases are given back.
   * An attempt that takes longer is aborted and becomes `unknown` with its next owner.
   */
  [Symbol.asyncDispose](): Promise<void>
}

/** How often a partition that another process runs is looked at by {@link ProcessorRuntime.reached}. */
const foreignPollMs = 100

class Runtime implements ProcessorRuntime {
  readonly owner: string
  readonly #scope: RuntimeScope
  #processors: readonly Processor[]
  #runners: readonly PartitionRunner[]
  readonly #requests: RequestPoll
  readonly #progress = new Set<Pulse>()
  readonly #closed = new AbortController()
  readonly #metrics: Metrics
  #observed: Disposable | undefined
  #starting: Promise<void> | undefined

  constructor(options: ProcessorRuntimeOptions) {
    const settings = completeSettings(options)
    const { log, store, locks, decode, processors, secrets = [], metrics = noMetrics } = options
    this.#metrics = metrics
    this.owner = settings.owner
    const tail = new LogTail(log, { batchSize: settings.batchSize })
    const errorText = createErrorText(secrets)
    const [facts, meters] = [new FactHub(), new RuntimeMeters(metrics)]
    const sharedDecoder = new SharedDecoder(decode, settings.clock)
    this.#scope = { ...settings, log, store, locks, decode, sharedDecoder, tail, errorText, facts, meters }
    this.#processors = processors
    this.#runners = processors.flatMap((processor) => this.#runnersOf(processor))
    this.#requests = new RequestPoll(store, settings.pollMs, {
      onPaused: (processor, paused) =>
        this.#ofProcessor(processor).forEach((runner) => runner.setPaused(paused)),
      onRetry: (processor) => this.#ofProcessor(processor).forEach((runner) => runner.poke()),
      onProblem: (error) => this.#runners.forEach((runner) => runner.trouble(error)),
    })
  }

  async start(): Promise<void> {
    if (this.#closed.signal.aborted)
      throw new ConfigurationError('runtime', 'it was closed and cannot start again')
    this.#starting ??= this.#begin()
    try {
      await this.#starting
    } catch (error) {
      this.#starting = undefined
      throw error
    }
  }

  async add(processor: Processor): Promise<void> {
    const { store, decode } = this.#scope
    if (this.#processors.some(({ name }) => name === processor.name)) return
    checkProcessors([processor], store, decode)
    const runners = this.#runnersOf(processor)
    this.#processors = [...this.#processors, processor]
    this.#runners = [...this.#runners, ...runners]
    if (this.#starting === undefined) return
    try {
      await this.#starting
      await this.#register(processor)
    } catch (error) {
      await this.remove(processor.name)
      throw error
    }
    if (this.#closed.signal.aborted) return
    for (const runner of runners) if (this.#runners.includes(runner)) runner.start()
  }

  async remove(processor: string): Promise<void> {
    const leaving = this.#ofProcessor(processor)
    this.#processors = this.#processors.filter(({ name }) => name !== processor)
    this.#runners = this.#runners.filter((runner) => !leaving.includes(runner))
    await Promise.all(leaving.map((runner) => runner.stop()))
  }

  runs(processor: string): boolean {
    return this.#ofProcessor(processor).length > 0
  }

  async status(): Promise<readonly PartitionReport[]> {
    const { log, store, clock } = this.#scope
    return await reportPartitions(log, await store.status(), { runners: this.#runners, now: clock.now() })
  }

  async pause(processor: string, by = 'runtime'): Promise<boolean> {
    return await this.#setPaused(processor, { paused: true, by })
  }

  async resume(processor: string, by = 'runtime'): Promise<boolean> {
    return await this.#setPaused(processor, { paused: false, by })
  }

  wake(): void {
    this.#scope.tail.poke()
    this.#requests.poke()
    for (const runner of this.#runners) runner.poke()
  }

  async reached(
    processor: string,
    position: Position,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<boolean> {
    const { clock } = this.#scope
    if (this.#ofProcessor(processor).length === 0)
      throw new ConfigurationError('processor', `${processor} is not of this runtime`)
    const deadline = clock.monotonic() + (options.timeoutMs ?? 10_000)
    const pulse = new Pulse()
    this.#progress.add(pulse)
    try {
      while (!(await this.#hasReached(processor, position))) {
        const leftMs = deadline - clock.monotonic()
        if (leftMs <= 0 || this.#closed.signal.aborted) return false
        await pulse.wait({ timeoutMs: Math.min(leftMs, foreignPollMs), signal: this.#closed.signal })
      }
      return true
    } finally {
      this.#progress.delete(pulse)
    }
  }

  onChange(listener: FactListener): () => void {
    return this.#scope.facts.add(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort()
    this.#observed?.[Symbol.dispose]()
    await Promise.all([this.#requests.stop(), ...this.#runners.map((runner) => runner.stop())])
    this.#scope.tail[Symbol.dispose]()
  }

  #runnersOf(processor: Processor): PartitionRunner[] {
    const slots = new Map(
      processor.actions.map(
        ({ name, concurrency, gate }) => [name, new ActionSlots(concurrency, gate)] as const,
      ),
    )
    const onProgress = (): void => {
      for (const pulse of this.#progress) pulse.notify()
    }
    return Array.from(
      { length: processor.partitions },
      (_, partition) => new PartitionRunner({ scope: this.#scope, processor, partition, slots, onProgress }),
    )
  }

  #ofProcessor(name: string): readonly PartitionRunner[] {
    return this.#runners.filter(({ processor }) => processor === name)
  }

  async #begin(): Promise<void> {
    for (const processor of this.#processors) await this.#register(processor)
    if (this.#closed.signal.aborted) return
    this.#observed = observePartitions(this.#metrics, async () => await this.status())
    for (const runner of this.#runners) runner.start()
    this.#requests.start()
  }

  async #register({ name, partitions, startFrom }: Processor): Promise<void> {
    const { log, store } = this.#scope
    const start = startFrom === 'now' ? await log.head() : await log.beginning()
    await store.register({ processor: name, partitions, log: log.name, start })
    this.#scope.meters.expect(name)
  }

  async #setPaused(
    processor: string,
    change: { readonly paused: boolean; readonly by: string },
  ): Promise<boolean> {
    const known = await this.#scope.store.setPaused(processor, change)
    if (known) for (const runner of this.#ofProcessor(processor)) runner.setPaused(change.paused)
    return known
  }

  async #hasReached(processor: string, position: Position): Promise<boolean> {
    const runners = this.#ofProcessor(processor)
    const behind = runners.filter(
      ({ view }) => view.position !== undefined && comparePositions(view.position, position) < 0,
    )
    if (behind.length > 0) return false
    const foreign = runners.filter(({ view }) => view.position === undefined)
    return foreign.length === 0 || (await this.#haveStored(foreign, position))
  }

  async #haveStored(runners: readonly PartitionRunner[], position: Position): Promise<boolean> {
    try {
      const stored = await this.#scope.store.status()
      return runners.every(({ processor, partition }) =>
        stored.some(
          (each) =>
            each.processor === processor &&
            each.partition === partition &&
            comparePositions(each.checkpoint, position) >= 0,
        ),
      )
    } catch (error) {
      if (!isOutage(error)) throw error
      return false
    }
  }
}

/** A runtime that has not started yet. @throws {@link ConfigurationError} naming the setting */
export function createProcessorRuntime(options: ProcessorRuntimeOptions): ProcessorRuntime {
  return new Runtime(options)
}
