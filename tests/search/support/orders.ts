import { createEventDecoder, createStreamId, defineSearchIndex } from '@millrace/contracts'
import type {
  Envelope,
  EventStore,
  ProcessorStore,
  SearchDefinition,
  SearchHit,
  SearchIndex,
} from '@millrace/contracts'
import { openPg, openPostgresStore, openProcessorStore } from '@millrace/postgres'
import { createProcessorRuntime } from '@millrace/processing'
import type { Processor, ProcessorRuntime } from '@millrace/processing'
import { defineIndexer } from '@millrace/search'
import type { IndexedWrite, IndexerDefinition } from '@millrace/search'

/** One document for each order. */
export type OrderFields = {
  readonly title: { readonly kind: 'text' }
  readonly change: { readonly kind: 'whole' }
}

export const orders: SearchDefinition<OrderFields> = defineSearchIndex({
  name: 'orders',
  version: 1,
  fields: { title: { kind: 'text' }, change: { kind: 'whole' } },
})

/** An order was changed for the `change`-th time. */
interface OrderChanged {
  readonly order: number
  readonly change: number
  /** What becomes of its document, where that is not what it should be. */
  readonly title?: unknown
}

/** The document of the order, as the event leaves it. */
function orderWrites({ data }: Pick<Envelope, 'data'>): readonly IndexedWrite<OrderFields>[] {
  const { order, change, title = `order ${order} changed ${change}` } = data as OrderChanged
  return [{ kind: 'index', id: `order-${order}`, body: { title: title as string, change } }]
}

/** A processor that keeps the index of orders. */
export function orderIndexer(
  index: SearchIndex<OrderFields>,
  change: Partial<IndexerDefinition<OrderFields>> = {},
): Processor {
  return defineIndexer({ name: 'order-index', index, toWrites: orderWrites, ...change })
}

/** A log and a processor store in one schema. */
export interface OrderLog extends AsyncDisposable {
  readonly events: EventStore
  readonly processors: ProcessorStore
  /** Orders by number, with how often each was changed. */
  readonly changes: ReadonlyMap<number, number>
  /** Changes orders, each in a commit of its own. */
  change(numbers: readonly number[], title?: unknown): Promise<void>
  /** A started runtime, which ends with the log. */
  run(processors: readonly Processor[]): Promise<ProcessorRuntime>
}

/** Opens a log on Postgres. */
export async function openOrderLog(url: string, schema: string): Promise<OrderLog> {
  const stack = new AsyncDisposableStack()
  const database = stack.use(await openPg({ url, poolSize: 8 }))
  const events = stack.use(await openPostgresStore({ database, schema }))
  const processors = await openProcessorStore({ database, schema })
  const changes = new Map<number, number>()
  return {
    events,
    processors,
    changes,
    change: async (numbers, title) => {
      for (const order of numbers) {
        const change = (changes.get(order) ?? 0) + 1
        const data = { order, change, ...(title === undefined ? {} : { title }) }
        const stream = createStreamId('order', String(order))
        await events.append(stream, [{ type: 'OrderChanged', data }], { expectedVersion: 'any' })
        changes.set(order, change)
      }
    },
    run: async (processorsToRun) => {
      const runtime = createProcessorRuntime({
        log: events.log,
        store: processors,
        decode: createEventDecoder(),
        processors: processorsToRun,
        leaseTtlMs: 1000,
        pollMs: 50,
      })
      stack.use(runtime)
      await runtime.start()
      return runtime
    },
    [Symbol.asyncDispose]: async () => await stack.disposeAsync(),
  }
}

/** The last change of each order, as the index has it. */
export async function indexedChanges(index: SearchIndex<OrderFields>): Promise<ReadonlyMap<number, number>> {
  const found = new Map<number, number>()
  let cursor: string | undefined
  do {
    const { hits, next } = await index.search({ limit: 1000, ...(cursor === undefined ? {} : { cursor }) })
    for (const hit of hits) found.set(numberOf(hit), hit.body.change)
    cursor = next
  } while (cursor !== undefined)
  return found
}

function numberOf({ id }: Pick<SearchHit, 'id'>): number {
  return Number(id.replace('order-', ''))
}
