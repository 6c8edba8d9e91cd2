import type { SearchBody, SearchFields } from './search-definition.ts'

/** Any JSON object: kept, and searched by the paths of its leaves. */
export type SearchPayload = Readonly<Record<string, unknown>>

/** A whole document, in the place of an older one of its id. */
export interface SearchDocument<Fields extends SearchFields = SearchFields> {
  /** 1 to 255 bytes, stable: what is written twice under one id is there once. */
  readonly id: string
  /** A whole number from 0 that grows with every change, like the commit sequence. */
  readonly version: number
  readonly body: SearchBody<Fields>
  /** At most 256 KB as JSON. @defaultValue none */
  readonly payload?: SearchPayload
}

/** One change of an index. */
export type SearchWrite<Fields extends SearchFields = SearchFields> =
  | ({ readonly kind: 'index' } & SearchDocument<Fields>)
  | { readonly kind: 'delete'; readonly id: string; readonly version: number }

/**
 * What became of one write. `written`: it is durable. `stale`: a higher version is there, or was and is deleted; nothing
 * was changed, nothing is to be done. `retry`: the engine is too busy; nothing was changed. `rejected`: it will never be
 * taken, for the reason; nothing was changed.
 */
export type SearchWriteResult =
  | { readonly kind: 'written' | 'stale'; readonly id: string }
  | { readonly kind: 'retry'; readonly id: string; readonly reason: string }
  | { readonly kind: 'rejected'; readonly id: string; readonly reason: string }
