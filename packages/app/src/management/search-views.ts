import { InvalidValueError } from '@millrace/contracts'

import type { AppSearchIndexes } from '../search-indexes/app-search-indexes.ts'
import type { Work } from './archive-views.ts'

/** A search index as JSON. */
export interface SearchIndexView {
  readonly name: string
  /** That this release of the app reads and writes. */
  readonly version: number
  /** Null where it cannot be read. */
  readonly documents: number | null
  /** Why it cannot be read. */
  readonly problem: string | null
  /** The processor that fills it; null where only observers do. */
  readonly indexer: string | null
  /** Whether the process that answers builds it anew at the moment. */
  readonly rebuilding: boolean
}

/** An index that was built anew. */
export interface SearchRebuildView {
  readonly name: string
  readonly build: string
  readonly documents: number
}

/** What is asked about search indices. */
export type SearchSource = Pick<AppSearchIndexes, 'names' | 'status' | 'rebuild'>

/** The search indices of an app that has any. */
export async function listSearchIndexes(
  indices: Pick<SearchSource, 'status'> | undefined,
): Promise<readonly SearchIndexView[]> {
  const all = (await indices?.status()) ?? []
  return all.map(({ documents, problem, indexer, ...rest }) => ({
    ...rest,
    documents: documents ?? null,
    problem: problem ?? null,
    indexer: indexer ?? null,
  }))
}

/** Builds an index anew; undefined for one that the app does not have. */
export async function rebuildSearchIndex(
  indices: SearchSource | undefined,
  name: string,
  { onProgress, signal }: Work,
): Promise<SearchRebuildView | undefined> {
  if (typeof name !== 'string') throw new InvalidValueError('name', 'text')
  if (indices === undefined || !indices.names.includes(name)) return undefined
  const before = (await indices.status()).find((index) => index.name === name)?.documents ?? 0
  const { build, documents } = await indices.rebuild(name, {
    onProgress: (progress) =>
      onProgress?.({ events: progress.documents, total: Math.max(before, progress.documents) }),
    ...(signal === undefined ? {} : { signal }),
  })
  return { name, build, documents }
}
