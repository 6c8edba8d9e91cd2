import { hash } from 'node:crypto'

import { InvalidCursorError } from '../errors/value-errors.ts'
import type { SearchDefinition } from './search-definition.ts'
import type { SearchQuery } from './search-query.ts'

const format = 1

/** A place in an order, in the engine's own words. */
export type SearchPlace = readonly (string | number)[]

/** What a cursor of a search says. */
export interface SearchCursor {
  /** The engine's view that the pages are of; empty where it needs none. */
  readonly view: string
  readonly place: SearchPlace
}

/** What must not change from page to page. */
function queryDigest({ name, version }: SearchDefinition, { text, where, sort }: SearchQuery): string {
  return hash('sha256', JSON.stringify([name, version, text, where, sort]), 'hex').slice(0, 16)
}

/** A cursor as text. It is opaque and not signed: it can name nothing but a place in what the query finds. */
export function formatSearchCursor(
  definition: SearchDefinition,
  query: SearchQuery,
  { view, place }: SearchCursor,
): string {
  const text = JSON.stringify([format, queryDigest(definition, query), view, ...place])
  return Buffer.from(text).toString('base64url')
}

function contentOf(cursor: string): readonly unknown[] {
  try {
    const content: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return Array.isArray(content) ? content : []
  } catch {
    return []
  }
}

/** Reads the cursor of a query, if it has one. @throws {@link InvalidCursorError} for a cursor of another query */
export function parseSearchCursor(
  definition: SearchDefinition,
  query: SearchQuery,
  length: number,
): SearchCursor | undefined {
  if (query.cursor === undefined) return undefined
  const [version, digest, view, ...place] = contentOf(query.cursor)
  if (version !== format || typeof view !== 'string' || place.length !== length)
    throw new InvalidCursorError('cursor is malformed')
  if (digest !== queryDigest(definition, query))
    throw new InvalidCursorError('cursor belongs to another query')
  if (!place.every((each) => typeof each === 'string' || typeof each === 'number'))
    throw new InvalidCursorError('cursor is malformed')
  return { view, place }
}
