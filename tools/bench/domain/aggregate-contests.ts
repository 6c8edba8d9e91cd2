import { createAggregates, defineDecider, fold, handleSync, reject } from '@millrace/aggregates'
import type { Aggregates, DefinedDecider, Fact } from '@millrace/aggregates'
import { createEventDecoder, createStreamId, defineEvents } from '@millrace/contracts'
import type { EventStore, NewEventOf } from '@millrace/contracts'
import { openMemoryStore } from '@millrace/memory'
import { z } from 'zod'

import type { Contest, Sampler, Sides } from '../harness/contest.ts'
import { inProcess } from '../harness/samplers.ts'
import { sink } from '../harness/sink.ts'
import type { SuiteOptions } from '../harness/suite.ts'
import { seedContest, seedMicroseconds } from './seed.ts'

const Stock = defineEvents({ Counted: z.object({ sku: z.string(), quantity: z.number(), note: z.string() }) })

type StockEvent = NewEventOf<typeof Stock>

interface StockState {
  readonly quantity: number
  readonly counts: number
}

interface Count {
  readonly quantity: number
}

const none: StockState = { quantity: 0, counts: 0 }

function counted({ quantity }: Count): StockEvent {
  return Stock.Counted({ sku: 'SKU-000042', quantity, note: 'gift wrap please' })
}

function bareEvolve({ quantity, counts }: StockState, { data }: Fact<StockEvent>): StockState {
  return { quantity: quantity + data.quantity, counts: counts + 1 }
}

const stock: DefinedDecider<StockState, Count, typeof Stock> = defineDecider(Stock, {
  initial: () => none,
  decide: (_state: StockState, command: Count) =>
    command.quantity < 0 ? reject('below-nothing', 'there is never less than nothing') : [counted(command)],
  evolve: { Counted: bareEvolve },
})

const ids: readonly string[] = Array.from({ length: 100 }, (_, i) => String(i))
const foldedEvents = 1000
const foldLaps = 20

/** A store that begins empty with each batch. */
interface Begun {
  readonly store: EventStore
  readonly aggregates: Aggregates<StockState, Count, typeof Stock>
  /** The states that are kept by hand. */
  readonly states: Map<string, { readonly state: StockState; readonly version: number }>
}

async function begin(): Promise<Begun> {
  const store = await openMemoryStore()
  const aggregates = createAggregates({ store, category: 'stock', decider: stock })
  return { store, aggregates, states: new Map() }
}

/** Commands to many aggregates in turn, each at the state that its last one left. */
function handling(commands: number): Sampler {
  const run = async ({ aggregates }: Begun): Promise<void> => {
    for (let i = 0; i < commands; i++) {
      const result = await aggregates.handle(ids[i % ids.length] ?? '0', { quantity: 1 })
      if (result.kind !== 'accepted') throw new Error(`command ${i} was rejected`)
    }
  }
  return inProcess({ prepare: begin, run, size: commands })
}

/** The same by hand: the state from a map, decide, append at the known version, evolve. */
function handlingByHand(commands: number): Sampler {
  const streamIds = new Map(ids.map((id) => [id, createStreamId('stock', id)]))
  const run = async ({ store, states }: Begun): Promise<void> => {
    for (let i = 0; i < commands; i++) {
      const id = ids[i % ids.length] ?? '0'
      const streamId = streamIds.get(id) ?? createStreamId('stock', id)
      const { state, version } = states.get(id) ?? { state: none, version: 0 }
      const event = counted({ quantity: 1 })
      await store.append(streamId, [event], { expectedVersion: version })
      states.set(id, { state: bareEvolve(state, event), version: version + 1 })
    }
  }
  return inProcess({ prepare: begin, run, size: commands })
}

function handlingSync(): Sides {
  const prepare = async (): Promise<void> => undefined
  return {
    measured: inProcess({
      prepare,
      run: () => {
        let state = none
        for (let i = 0; i < foldedEvents; i++) {
          const result = handleSync(stock, { state }, { quantity: 1 })
          if (result.kind === 'accepted') state = result.state
        }
        sink.value = state
      },
      size: foldedEvents,
    }),
    yardstick: inProcess({
      prepare,
      run: () => {
        let state = none
        for (let i = 0; i < foldedEvents; i++) state = bareEvolve(state, counted({ quantity: 1 }))
        sink.value = state
      },
      size: foldedEvents,
    }),
    async [Symbol.asyncDispose]() {},
  }
}

function history(): readonly StockEvent[] {
  return Array.from({ length: foldedEvents }, (_, i) => counted({ quantity: i }))
}

async function openLoad(): Promise<Sides> {
  const store = await openMemoryStore()
  const events = history()
  await store.append(createStreamId('stock', '0'), events, { expectedVersion: 'no-stream' })
  const aggregates = createAggregates({ store, category: 'stock', decider: stock, cacheSize: 0 })
  const texts = events.map(({ data }) => JSON.stringify(data))
  const prepare = async (): Promise<void> => undefined
  return {
    measured: inProcess({
      prepare,
      run: async () => {
        const { version, state } = await aggregates.load('0')
        if (version !== foldedEvents) throw new Error(`loaded ${version} events`)
        sink.value = state
      },
      size: foldedEvents,
    }),
    yardstick: inProcess({
      prepare,
      run: () => {
        sink.value = texts
          .map((text) => ({ type: 'Counted', data: JSON.parse(text) as StockEvent['data'] }) as const)
          .reduce(bareEvolve, none)
      },
      size: foldedEvents,
    }),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

async function openFold(): Promise<Sides> {
  await using store = await openMemoryStore()
  const streamId = createStreamId('stock', '0')
  await store.append(streamId, history(), { expectedVersion: 'no-stream' })
  const decode = createEventDecoder()
  const envelopes: StockEvent[] = []
  for await (const stored of store.read(streamId))
    for (const envelope of decode(stored)) envelopes.push(envelope as unknown as StockEvent)
  const prepare = async (): Promise<void> => undefined
  const often = (work: () => StockState) => (): void => {
    for (let lap = 0; lap < foldLaps; lap++) sink.value = work()
  }
  const size = foldedEvents * foldLaps
  return {
    measured: inProcess({ prepare, run: often(() => fold(stock, envelopes)), size }),
    yardstick: inProcess({ prepare, run: often(() => envelopes.reduce(bareEvolve, none)), size }),
    async [Symbol.asyncDispose]() {},
  }
}

/** What commands and loads cost, in memory: what is left when no server has to be waited for. */
export function aggregateContests({ quick }: SuiteOptions): readonly Contest[] {
  const commands = quick ? 100 : 5000
  return [
    {
      name: 'command handled in memory',
      unit: 'commands/s',
      yardstick: 'decide, append and evolve by hand',
      open: async () => ({
        measured: handling(commands),
        yardstick: handlingByHand(commands),
        async [Symbol.asyncDispose]() {},
      }),
    },
    seedContest('command handled in memory', seedMicroseconds.command, async () => ({
      measured: handling(commands),
      async [Symbol.asyncDispose]() {},
    })),
    {
      name: 'command handled without a store',
      unit: 'commands/s',
      yardstick: 'decide and evolve by hand',
      open: async () => handlingSync(),
    },
    {
      name: `load and fold ${foldedEvents.toLocaleString('en-US')} events`,
      unit: 'events/s',
      yardstick: 'JSON.parse and Array.reduce',
      goal: 0.5,
      open: openLoad,
    },
    {
      name: `fold ${foldedEvents.toLocaleString('en-US')} events`,
      unit: 'events/s',
      yardstick: 'Array.reduce',
      goal: 0.5,
      open: openFold,
    },
  ]
}
