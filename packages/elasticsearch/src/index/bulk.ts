import type { estypes } from '@elastic/elasticsearch'
import type { SearchWrite, SearchWriteResult } from '@millrace/contracts'

import type { ElasticClient } from '../client/elastic-client.ts'
import { isBusy, mapRefusal, reasonOf } from '../client/elastic-errors.ts'
import type { KeptDocument } from '../search/hits.ts'

/** A write, and the alias of the segment that it goes to. */
export interface RoutedWrite {
  readonly write: SearchWrite
  readonly alias: string
}

/** As {@link SearchWriteResult}; `moved`: the segment is being closed, or is gone. */
export type BulkOutcome = SearchWriteResult | { readonly kind: 'moved'; readonly id: string }

function documentOf(write: SearchWrite): KeptDocument {
  const { id, version } = write
  if (write.kind === 'delete') return { id, version, deletedAt: Date.now() }
  const { body, payload } = write
  return { id, version, body, ...(payload === undefined ? {} : { payload }) }
}

function outcomeOf(id: string, item: estypes.BulkResponseItem | undefined): BulkOutcome {
  if (item === undefined) return { kind: 'retry', id, reason: 'the server did not answer for it' }
  const { status, error } = item
  if (status < 300) return { kind: 'written', id }
  if (status === 409) return { kind: 'stale', id }
  const reason = reasonOf({ type: error?.type ?? `status ${status}`, reason: error?.reason ?? '' })
  if (status === 404 || (status === 403 && error?.type === 'cluster_block_exception'))
    return { kind: 'moved', id }
  if (status === 429 || status >= 500) return { kind: 'retry', id, reason }
  return { kind: 'rejected', id, reason }
}

/**
 * Writes whole documents under their own versions. What is deleted is written as a mark of its version: the server
 * forgets a document that it deletes after a minute, and would take a late write then.
 */
export async function bulk(
  client: ElasticClient,
  writes: readonly RoutedWrite[],
): Promise<readonly BulkOutcome[]> {
  if (writes.length === 0) return []
  const operations = writes.flatMap(({ write, alias }) => [
    {
      index: { _index: alias, _id: write.id, version: write.version, version_type: 'external_gte' as const },
    },
    documentOf(write),
  ])
  try {
    // Only what is created by us: a name that is missing would be created, with a mapping guessed from the document.
    const { items } = await client.askPlainly(
      async (elastic) => await elastic.bulk<KeptDocument>({ operations, require_alias: true }),
    )
    return writes.map(({ write }, n) => outcomeOf(write.id, items[n]?.index))
  } catch (error) {
    if (!isBusy(error)) throw mapRefusal(error)
    const reason = error instanceof Error ? error.message : String(error)
    return writes.map(({ write: { id } }) => ({ kind: 'retry', id, reason }))
  }
}
