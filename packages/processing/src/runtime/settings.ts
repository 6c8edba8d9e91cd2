import { hostname } from 'node:os'

import { createIdFactory } from '@millrace/contracts'
import type {
  EventDecoder,
  EventLog,
  LockDriver,
  Metrics,
  ProcessorStore,
  StoredEvent,
} from '@millrace/contracts'
import { ConfigurationError } from '@millrace/contracts'

import { checkWhole } from '../action/define-action.ts'
import { systemClock } from '../clock/clock.ts'
import type { Clock } from '../clock/clock.ts'
import type { Processor } from '../processor/define-processor.ts'
import { storedFilter } from '../processor/stored-filter.ts'

/** Settings of {@link createProcessorRuntime}. */
export interface ProcessorRuntimeOptions {
  /** The one log all processors of this runtime read. */
  readonly log: EventLog<StoredEvent>
  /**
   * Leases, checkpoints and the ledger; stays the caller's to close, after the runtime. One without effects runs processors
   * that have no actions and write through nothing but sinks of their own.
   */
  readonly store: ProcessorStore
  /** The decoding pipeline, for example of `createEventDecoder`; one that throws, for what it leaves out cannot be parked. */
  readonly decode: EventDecoder
  readonly processors: readonly Processor[]
  /**
   * Locks that decide who may ask for a partition's lease, `processor/<name>/<partition>` each, and tell operators how its
   * holder gets on. Stay the caller's to close, after the runtime. @defaultValue none: the leases alone decide
   */
  readonly locks?: LockDriver
  /** Names this process in leases; unique among all that ever run. @defaultValue host, process id and a new ULID */
  readonly owner?: string
  /** Milliseconds a lease outlives its last renewal, so the time until another process takes over. @defaultValue 10_000 */
  readonly leaseTtlMs?: number
  /**
   * Milliseconds between two looks at what other processes do: leases that became free, pauses, retries asked for.
   * @defaultValue 500
   */
  readonly pollMs?: number
  /** Records of one batch, more where a commit is larger; 1 to 10_000. @defaultValue 500 */
  readonly batchSize?: number
  /** Milliseconds a stop waits for what is under way. @defaultValue 700 */
  readonly stopGraceMs?: number
  /**
   * What becomes of an event that no upcaster lifts. True passes it over: it is counted in the status and told as
   * `record-skipped`, parked where the store can do that, and nothing waits for it. False treats it like any record that
   * cannot be handled: parked as the processor's `onParked` says, or, on a store without effects, its partition is held
   * until the upcaster is mended. @defaultValue false
   */
  readonly skipUpcastErrors?: boolean
  /** Texts that must not appear in any recorded error. @defaultValue none */
  readonly secrets?: readonly string[]
  /** Where the work is counted. @defaultValue nowhere */
  readonly metrics?: Metrics
  /** @defaultValue the machine's clocks */
  readonly clock?: Clock
  /** For jitter; from 0 to below 1. @defaultValue `Math.random` */
  readonly random?: () => number
}

/** Complete, valid settings. */
export interface RuntimeSettings {
  readonly owner: string
  readonly leaseTtlMs: number
  readonly pollMs: number
  readonly batchSize: number
  readonly stopGraceMs: number
  readonly skipUpcastErrors: boolean
  readonly clock: Clock
  readonly random: () => number
}

const runtimeDefaults = { leaseTtlMs: 10_000, pollMs: 500, batchSize: 500, stopGraceMs: 700 }

/** @throws {@link ConfigurationError} for processors that cannot run on this store, or with this decoder */
export function checkProcessors(
  processors: readonly Processor[],
  { effects }: Pick<ProcessorStore, 'effects'>,
  decode: EventDecoder,
): void {
  const names = processors.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new ConfigurationError('processors', `processor ${twice} is listed twice`)
  for (const processor of processors) storedFilter(processor, decode)
  if (effects) return
  const acting = processors.find(({ actions }) => actions.length > 0)
  if (acting !== undefined)
    throw new ConfigurationError(
      `processor ${acting.name}`,
      'has actions, but its processor store keeps leases and checkpoints only: deliveries need one in SQL',
    )
}

/** Fills in the defaults. @throws {@link ConfigurationError} naming the field */
export function completeSettings(options: ProcessorRuntimeOptions): RuntimeSettings {
  const { leaseTtlMs, pollMs, batchSize, stopGraceMs } = { ...runtimeDefaults, ...options }
  checkProcessors(options.processors, options.store, options.decode)
  checkWhole('leaseTtlMs', leaseTtlMs, [100, 3_600_000])
  checkWhole('pollMs', pollMs, [10, 60_000])
  checkWhole('batchSize', batchSize, [1, 10_000])
  checkWhole('stopGraceMs', stopGraceMs, [0, 60_000])
  const owner = options.owner ?? `${hostname()}:${process.pid}:${createIdFactory()()}`
  if (owner === '') throw new ConfigurationError('owner', 'must not be empty')
  const { clock = systemClock, random = Math.random, skipUpcastErrors = false } = options
  return { owner, leaseTtlMs, pollMs, batchSize, stopGraceMs, skipUpcastErrors, clock, random }
}
