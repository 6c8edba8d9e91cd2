import type { estypes } from '@elastic/elasticsearch'
import type {
  SearchAggregation,
  SearchDefinition,
  SearchFragment,
  SearchHit,
  SearchPayload,
  SearchValue,
} from '@millrace/contracts'

/** A document as it is kept. */
export interface KeptDocument {
  readonly id: string
  readonly version: number
  /** Epoch milliseconds; a mark of a version has neither body nor payload. */
  readonly deletedAt?: number
  readonly body?: Readonly<Record<string, unknown>>
  readonly payload?: SearchPayload
}

/** Private-use characters: no text that is shown to people holds them. */
export const marks: { readonly begin: string; readonly end: string } = { begin: '\ue000', end: '\ue001' }

function fragments(passage: string): readonly SearchFragment[] {
  let found = false
  return passage.split(/(\ue000|\ue001)/).flatMap((piece) => {
    if (piece === marks.begin || piece === marks.end) {
      found = piece === marks.begin
      return []
    }
    return piece === '' ? [] : [{ text: piece, found }]
  })
}

/** The body with its dates as they were given. */
function bodyOf(
  { fields }: SearchDefinition,
  kept: KeptDocument['body'] = {},
): Readonly<Record<string, SearchValue>> {
  return Object.fromEntries(
    Object.entries(kept).map(([name, value]) => [
      name,
      (fields[name]?.kind === 'date' ? new Date(String(value)) : value) as SearchValue,
    ]),
  )
}

/** A hit as the port gives it. */
export function hitOf(definition: SearchDefinition, hit: estypes.SearchHit<KeptDocument>): SearchHit {
  const { _source: kept, highlight = {} } = hit
  const { id = '', version = 0, body, payload } = kept ?? {}
  const highlights = Object.entries(highlight).map(([name, passages]) => [
    name.replace(/^body\./, ''),
    passages.map(fragments),
  ])
  return {
    id,
    version,
    body: bodyOf(definition, body),
    payload,
    highlights: Object.fromEntries(highlights) as SearchHit['highlights'],
  }
}

interface Bucket {
  readonly key: string | number
  readonly key_as_string?: string
  readonly doc_count: number
}

interface Counted {
  readonly buckets?: readonly Bucket[]
  readonly count?: number
  readonly min?: number | null
  readonly max?: number | null
  readonly sum?: number
}

/** What was counted, as the port gives it. */
export function countsOf(
  { fields }: SearchDefinition,
  aggregation: SearchAggregation,
  counted: unknown,
): unknown {
  const { buckets = [], count = 0, min, max, sum = 0 } = (counted ?? {}) as Counted
  if ('stats' in aggregation) return { count, min: min ?? undefined, max: max ?? undefined, sum }
  if ('dates' in aggregation)
    return buckets.map((bucket) => ({ from: new Date(bucket.key), count: bucket.doc_count }))
  const isBoolean = fields[aggregation.terms]?.kind === 'boolean'
  return buckets.map(({ key, key_as_string: text, doc_count: documents }) => ({
    value: isBoolean ? text === 'true' : key,
    count: documents,
  }))
}
