import { ConfigurationError, defineSearchIndex } from '@millrace/contracts'
import type { Envelope, LogFilter, SearchDefinition, SearchFields } from '@millrace/contracts'
import type { RetryPolicy } from '@millrace/processing'
import type { BulkOptions, IndexedWrite } from '@millrace/search'

import type { ProcessorContext } from '../definition/processor-context.ts'

/** What {@link AppSearchIndex.toWrites} may ask. */
export interface IndexingContext extends ProcessorContext {
  /** Aborted when the batch has to end. */
  readonly signal: AbortSignal
}

/** A search index of an app, and what fills it. */
export interface AppSearchIndex<Fields extends SearchFields = SearchFields> {
  readonly definition: SearchDefinition<Fields>
  /**
   * The whole documents that an event, or a change of a row, causes; called for all of a batch at once. @defaultValue none: only
   * observers write to it, and it cannot be rebuilt
   */
  toWrites?(
    envelope: Envelope,
    context: IndexingContext,
  ): readonly IndexedWrite<Fields>[] | Promise<readonly IndexedWrite<Fields>[]>
  /** What is read: the events, or the changes of the captured tables. @defaultValue `'events'` */
  readonly from?: 'events' | 'changes'
  /** Only these. @defaultValue all */
  readonly filter?: LogFilter
  /** 1 to 64 that share the work; one where a document is made of several streams. @defaultValue 1 */
  readonly partitions?: number
  /** How often an event is tried whose documents cannot be made, before it is parked. */
  readonly retry?: RetryPolicy
  /** Milliseconds one batch may take. @defaultValue 60_000 */
  readonly timeoutMs?: number
  /** How documents are handed to the index. */
  readonly bulk?: BulkOptions
}

/** Defines a search index of an app, with the types of its documents told by its fields. */
export function defineAppIndex<const Fields extends SearchFields>(
  index: AppSearchIndex<Fields>,
): AppSearchIndex {
  // The types of one index's documents are of no use to who runs several.
  return Object.freeze({
    ...index,
    definition: defineSearchIndex(index.definition),
  })
}

/** The name of what fills an index: found again in the status. */
export function indexerName(index: string): string {
  return `search-${index}`
}

/** @throws {@link ConfigurationError} for two indices of one name */
export function checkIndices(indices: readonly AppSearchIndex[]): void {
  const names = indices.map(({ definition }) => definition.name)
  const twice = names.find((name, n) => names.indexOf(name) !== n)
  if (twice !== undefined) throw new ConfigurationError('searchIndexes', `index ${twice} is listed twice`)
}
