import type {
  SearchDefinition,
  SearchField,
  SearchHit,
  SearchPayload,
  SearchPlace,
  SearchQuery,
  SearchValue,
} from '@millrace/contracts'

import { passagesOf, wordsOf } from './search-words.ts'

/** A row of a page; beside these, a column for each field and for each term of the order. */
export type DocumentRow = Readonly<Record<string, unknown>> & {
  readonly id: string
  readonly version: number
  readonly payload: string | null
}

function valueOf({ kind }: SearchField, value: unknown): SearchValue {
  return (kind === 'date' ? new Date(Number(value)) : value) as SearchValue
}

/** Where a row stands in the order of its query. */
export function placeOf(row: DocumentRow, terms: number): SearchPlace {
  return Array.from({ length: terms }, (_, n) => row[`place${n}`] as string | number)
}

function highlightsOf({ highlight = [], text }: SearchQuery, row: DocumentRow): SearchHit['highlights'] {
  const words = new Set(text === undefined ? [] : wordsOf(text.query))
  const searched = text?.fields ?? highlight
  const shown = highlight
    .filter((name) => searched.includes(name))
    .map((name) => [name, passagesOf(String(row[`f_${name}`] ?? ''), words)] as const)
  return Object.fromEntries(shown.filter(([, passages]) => passages.length > 0))
}

/** A row as the port gives it. */
export function hitOf({ fields }: SearchDefinition, query: SearchQuery, row: DocumentRow): SearchHit {
  const { id, version, payload } = row
  const body = Object.entries(fields).flatMap(([name, field]) => {
    const value = row[`f_${name}`]
    return value === null || value === undefined ? [] : [[name, valueOf(field, value)] as const]
  })
  return {
    id,
    version,
    body: Object.fromEntries(body),
    payload: payload === null ? undefined : (JSON.parse(payload) as SearchPayload),
    highlights: highlightsOf(query, row),
  }
}
