import { createEventDecoder, createIdFactory, createStreamId } from '@millrace/contracts'
import type {
  DeadLetter,
  Delivery,
  Envelope,
  EventMetadata,
  NewEvent,
  ProcessorStore,
} from '@millrace/contracts'
import { openMemoryStore } from '@millrace/memory'
import { openObservers } from '@millrace/observers'
import type { ObserverDefinition, Observers, ObserversOptions } from '@millrace/observers'
import { openPglite, openProcessorStore } from '@millrace/postgres'
import { createProcessorRuntime } from '@millrace/processing'
import type { ProcessorRuntime } from '@millrace/processing'

const mint = createIdFactory()

/** A name nothing else uses. */
export function fresh(prefix: string): string {
  return `${prefix}-${mint().toLowerCase()}`
}

/** A ledger of its own, for the tests of one file. */
export interface Ledger extends AsyncDisposable {
  readonly store: ProcessorStore
}

export async function openLedger(): Promise<Ledger> {
  const database = await openPglite('memory')
  const store = await openProcessorStore({ database })
  return { store, [Symbol.asyncDispose]: async () => await database[Symbol.asyncDispose]() }
}

/** Observers that run on a log in memory. */
export interface Rig extends AsyncDisposable {
  readonly observers: Observers
  readonly runtime: ProcessorRuntime
  append(stream: string, events: NewEvent | readonly NewEvent[], metadata?: EventMetadata): Promise<void>
  /** Resolves when the observer has handled everything appended so far. */
  handled(observer: string): Promise<void>
  /** The last event of the log, read back. */
  last(): Promise<Envelope>
  deliveries(observer: string): Promise<readonly Delivery[]>
  /** How many deliveries are in which state. */
  states(observer: string): Promise<Readonly<Record<string, number>>>
  deadLetters(observer: string): Promise<readonly DeadLetter[]>
}

/** Loads rules and runs them. */
export async function openRig(
  ledger: Ledger,
  rules: readonly ObserverDefinition[],
  options: Omit<ObserversOptions, 'observers'> = {},
): Promise<Rig> {
  const events = await openMemoryStore()
  const decode = createEventDecoder()
  const observers = openObservers({ allowHosts: ['127.0.0.1'], ...options, observers: rules })
  const runtime = createProcessorRuntime({
    log: events.log,
    store: ledger.store,
    decode,
    processors: observers.processors,
    leaseTtlMs: 3_000,
    pollMs: 50,
  })
  observers.attach(runtime)
  await runtime.start()
  const deliveries = async (observer: string): Promise<readonly Delivery[]> =>
    (await ledger.store.listDeliveries({ processor: observer, limit: 1000 })).items
  return {
    observers,
    runtime,
    append: async (stream, given, metadata = {}) => {
      const list = [given].flat()
      await events.append(createStreamId('order', stream), list, { expectedVersion: 'any', metadata })
    },
    handled: async (observer) => {
      if (!(await runtime.reached(observer, await events.log.head())))
        throw new Error(`${observer} is behind`)
    },
    last: async () => {
      const { records } = await events.log.readBatch(await events.log.beginning(), { maxRecords: 10_000 })
      const envelope = records.flatMap((stored) => decode(stored)).at(-1)
      if (envelope === undefined) throw new Error('the log is empty')
      return envelope
    },
    deliveries,
    states: async (observer) => {
      const counts: Record<string, number> = {}
      for (const { state } of await deliveries(observer)) counts[state] = (counts[state] ?? 0) + 1
      return counts
    },
    deadLetters: async (observer) => {
      const { items } = await ledger.store.deadLetters.list({ processor: observer, kind: 'delivery' })
      return items.filter((each) => each.kind === 'delivery')
    },
    [Symbol.asyncDispose]: async () => {
      await runtime[Symbol.asyncDispose]()
      await observers[Symbol.asyncDispose]()
      await events[Symbol.asyncDispose]()
    },
  }
}
