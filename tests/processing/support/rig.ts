import { createEventDecoder, createStreamId } from '@millrace/contracts'
import type {
  AppendReceipt,
  EventDecoder,
  EventLog,
  EventStore,
  NewEvent,
  Position,
  StoredEvent,
} from '@millrace/contracts'
import { openMemoryStore } from '@millrace/memory'
import { createProcessorRuntime } from '@millrace/processing'
import type { Processor, ProcessorRuntime, ProcessorRuntimeOptions } from '@millrace/processing'

import type { Ledger } from './database.ts'

/** What a test changes of the runtime's settings. */
type RigOptions = Partial<Omit<ProcessorRuntimeOptions, 'processors'>>

/** A memory log, and runtimes over it that end with the test. */
export interface Rig extends AsyncDisposable {
  readonly events: EventStore
  readonly log: EventLog<StoredEvent>
  /** Appends `{ n }` events to `cart-<key>` as one commit; the position of the last. */
  append(key: string, ...numbers: readonly number[]): Promise<Position>
  /** Appends one commit over several streams. */
  commit(...writes: readonly (readonly [key: string, n: number])[]): Promise<Position>
  /** A started runtime. */
  run(processors: readonly Processor[], options?: RigOptions): Promise<ProcessorRuntime>
}

/** An event with a number as its data. */
export function counted(n: number, change: Partial<NewEvent> = {}): NewEvent {
  return { type: 'counted', data: { n }, ...change }
}

/** The number in a {@link counted} event. */
export function numberOf(envelope: { readonly data: unknown }): number {
  const { data } = envelope
  if (typeof data === 'object' && data !== null && 'n' in data && typeof data.n === 'number') return data.n
  throw new Error('not a counted event')
}

/** The position of what an append wrote. */
export function positionOf({ position }: AppendReceipt): Position {
  if (position === undefined) throw new Error('nothing was appended')
  return position
}

/** Quick settings, so that a test need not wait for what takes seconds in production. */
const quick = { leaseTtlMs: 3_000, pollMs: 50 }

export async function openRig(ledger: Ledger, decode: EventDecoder = createEventDecoder()): Promise<Rig> {
  const events = await openMemoryStore()
  const runtimes: ProcessorRuntime[] = []
  return {
    events,
    log: events.log,
    append: async (key, ...numbers) => {
      const stream = createStreamId('cart', key)
      const receipt = await events.append(
        stream,
        numbers.map((n) => counted(n)),
        { expectedVersion: 'any' },
      )
      return positionOf(receipt)
    },
    commit: async (...writes) => {
      const { streams } = await events.commit(
        writes.map(([key, n]) => ({
          streamId: createStreamId('cart', key),
          events: [counted(n)],
          expectedVersion: 'any' as const,
        })),
      )
      const last = streams.at(-1)
      if (last === undefined) throw new Error('nothing was appended')
      return positionOf(last)
    },
    run: async (processors, options = {}) => {
      const runtime = createProcessorRuntime({
        log: events.log,
        store: ledger.store,
        decode,
        processors,
        ...quick,
        ...options,
      })
      runtimes.push(runtime)
      await runtime.start()
      return runtime
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(runtimes.map((runtime) => runtime[Symbol.asyncDispose]()))
      await events[Symbol.asyncDispose]()
    },
  }
}
