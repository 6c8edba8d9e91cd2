import { defined, latestWrites, SearchRejectedError } from '@millrace/contracts'
import type {
  Envelope,
  LogFilter,
  Metrics,
  SearchBody,
  SearchFields,
  SearchIndex,
  SearchPayload,
  SearchWrite,
} from '@millrace/contracts'
import { defineProcessor } from '@millrace/processing'
import type { HandlerContext, Processor, RetryPolicy } from '@millrace/processing'

import { BulkIndexer } from '../bulk/bulk-indexer.ts'
import type { SearchOutcome } from '../bulk/bulk-indexer.ts'
import type { BulkOptions } from '../bulk/bulk-options.ts'

/** A change of an index that an event causes. */
export type IndexedWrite<Fields extends SearchFields> =
  | {
      readonly kind: 'index'
      readonly id: string
      readonly body: SearchBody<Fields>
      readonly payload?: SearchPayload
      /** @defaultValue the event's commit: what is indexed is what is known up to there */
      readonly version?: number
    }
  | { readonly kind: 'delete'; readonly id: string; readonly version?: number }

/** Settings of {@link defineIndexer}. */
export interface IndexerDefinition<Fields extends SearchFields = SearchFields> {
  /** `[a-z][a-z0-9_-]*`, at most 63 characters. Its checkpoint is found again by it: keep it. */
  readonly name: string
  /** Stays the caller's to close, after the runtime. */
  readonly index: SearchIndex<Fields>
  /** The whole documents that an event changes; none where it changes none. Called for all events of a batch at once. */
  readonly toWrites: (
    envelope: Envelope,
    context: { readonly signal: AbortSignal },
  ) => readonly IndexedWrite<Fields>[] | Promise<readonly IndexedWrite<Fields>[]>
  /** Only these events. @defaultValue all */
  readonly filter?: LogFilter
  /** Where it begins the first time it is ever registered. @defaultValue `'beginning'` */
  readonly startFrom?: 'beginning' | 'now'
  /** 1 to 64 that share the work; one where a document is made of several streams. @defaultValue 1 */
  readonly partitions?: number
  /** How often an event is tried whose documents cannot be made, before it is parked. */
  readonly retry?: RetryPolicy
  /** Milliseconds one batch may take. @defaultValue 60_000 */
  readonly timeoutMs?: number
  /** How documents are handed to the index. */
  readonly bulk?: BulkOptions
  /** Where calls and documents are counted, by index. @defaultValue nowhere */
  readonly metrics?: Metrics
}

async function writesOf<Fields extends SearchFields>(
  { toWrites }: IndexerDefinition<Fields>,
  envelope: Envelope,
  signal: AbortSignal,
): Promise<readonly SearchWrite<Fields>[]> {
  const writes = await toWrites(envelope, { signal })
  return writes.map((write) => ({ version: envelope.position.commit, ...write }))
}

/** @throws {@link SearchRejectedError} with the first of them */
function refuse(index: string, outcomes: readonly SearchOutcome[]): void {
  const rejected = outcomes.find((outcome) => outcome.kind === 'rejected')
  if (rejected !== undefined)
    throw new SearchRejectedError({ index, documentId: rejected.id, reason: rejected.reason })
}

/** Events whose documents were acknowledged, by an owner of the partition who still has it. */
interface Acknowledged {
  readonly epoch: number
  readonly ids: ReadonlySet<string>
}

const nothing: ReadonlySet<string> = new Set()

/** Feeds an index from a log. */
class LogIndexer<Fields extends SearchFields> {
  readonly #definition: IndexerDefinition<Fields>
  readonly #bulk: BulkIndexer<Fields>
  /** By partition: a batch with one bad document is run again event by event, and the good ones are not sent again. */
  readonly #acknowledged = new Map<number, Acknowledged>()

  constructor(definition: IndexerDefinition<Fields>) {
    this.#definition = definition
    this.#bulk = new BulkIndexer(definition.index, {
      ...definition.bulk,
      ...defined({ metrics: definition.metrics }),
    })
  }

  async handle(batch: readonly Envelope[], { signal, partition, epoch }: HandlerContext): Promise<void> {
    const known = this.#acknowledged.get(partition)
    // A processor that begins anew, on an index that may be empty, has another epoch.
    const done = known?.epoch === epoch ? known.ids : nothing
    const left = batch.filter(({ id }) => !done.has(id))
    const own = await Promise.all(
      left.map(async (envelope) => ({
        id: envelope.id,
        writes: await writesOf(this.#definition, envelope, signal),
      })),
    )
    const outcomes = await this.#submit(
      own.flatMap(({ writes }) => writes),
      signal,
    )
    const bad = new Set(outcomes.flatMap(({ kind, id }) => (kind === 'rejected' ? [id] : [])))
    if (bad.size > 0) {
      const good = own.filter(({ writes }) => writes.every(({ id }) => !bad.has(id)))
      this.#acknowledged.set(partition, { epoch, ids: new Set([...done, ...good.map(({ id }) => id)]) })
    } else if (left.length === batch.length) this.#acknowledged.delete(partition)
    refuse(this.#definition.index.definition.name, outcomes)
  }

  /** Of several changes of a document the last: two calls under way keep no order, and may be of one commit. */
  async #submit(
    writes: readonly SearchWrite<Fields>[],
    signal: AbortSignal,
  ): Promise<readonly SearchOutcome[]> {
    const latest = latestWrites(writes)
    return await this.#bulk.submit([...latest.values()] as readonly SearchWrite<Fields>[], { signal })
  }
}

/**
 * A processor that feeds a search index from a log: the index has acknowledged a batch's documents, all of them durable,
 * before the checkpoint moves. A repeat after a crash writes the same versions again.
 *
 * While the engine is away the indexer waits. An event whose document is rejected is parked with the reason, and the log
 * goes on.
 *
 * @throws {@link ConfigurationError} naming the setting
 */
export function defineIndexer<Fields extends SearchFields>(definition: IndexerDefinition<Fields>): Processor {
  const { name, filter, startFrom = 'beginning', partitions, retry, timeoutMs } = definition
  const indexer = new LogIndexer(definition)
  return defineProcessor({
    name,
    startFrom,
    ...(partitions === undefined ? {} : { partitions }),
    ...(filter === undefined ? {} : { filter }),
    ...(retry === undefined ? {} : { retry }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    handle: async (batch, context) => await indexer.handle(batch, context),
  })
}
