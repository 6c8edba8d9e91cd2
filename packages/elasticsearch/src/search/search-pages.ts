import type { estypes } from '@elastic/elasticsearch'
import {
  ConnectionError,
  formatSearchCursor,
  InvalidCursorError,
  parseSearchCursor,
} from '@millrace/contracts'
import type { SearchDefinition, SearchPage, SearchPlace, SearchQuery } from '@millrace/contracts'

import type { ElasticClient } from '../client/elastic-client.ts'
import { statusOf } from '../client/elastic-errors.ts'
import { hitOf, marks } from './hits.ts'
import type { KeptDocument } from './hits.ts'
import { queryOf, sortOf } from './query-dsl.ts'

/** How long the view of a paged search is kept after its last page was asked for. */
const keepAlive = '5m'
const [passages, passageLength] = [3, 150]

/** Where is searched. */
export interface Searched {
  readonly definition: SearchDefinition
  /** Alias or pattern. */
  readonly index: string
  readonly base: string
}

function requestOf(definition: SearchDefinition, query: SearchQuery): estypes.SearchRequest {
  const { limit = 20, highlight = [] } = query
  return {
    query: queryOf(definition, query),
    sort: sortOf(query),
    // One more, to know whether there is a next page.
    size: limit + 1,
    track_total_hits: false,
    ...(highlight.length === 0
      ? {}
      : {
          highlight: {
            pre_tags: [marks.begin],
            post_tags: [marks.end],
            number_of_fragments: passages,
            fragment_size: passageLength,
            fields: Object.fromEntries(highlight.map((name) => [`body.${name}`, {}])),
          },
        }),
  }
}

type Hits = readonly estypes.SearchHit<KeptDocument>[]

async function openView(client: ElasticClient, index: string): Promise<string> {
  const { id } = await client.ask(
    async (elastic) => await elastic.openPointInTime({ index, keep_alive: keepAlive }),
  )
  return id
}

async function closeView(client: ElasticClient, id: string): Promise<void> {
  try {
    await client.ask(async (elastic) => await elastic.closePointInTime({ id }))
  } catch (error) {
    // It ends by itself.
    if (statusOf(error) !== 404 && !(error instanceof ConnectionError)) throw error
  }
}

async function look(
  client: ElasticClient,
  request: estypes.SearchRequest,
): Promise<{ hits: Hits; view: string }> {
  const { hits, pit_id: view = '' } = await client.ask(
    async (elastic) => await elastic.search<KeptDocument>(request),
  )
  return { hits: hits.hits, view }
}

async function lookInView(
  client: ElasticClient,
  { index, base }: Searched,
  request: estypes.SearchRequest & { readonly pit: { readonly id: string } },
): Promise<{ hits: Hits; view: string }> {
  try {
    const found = await look(client, request)
    // The view is what the cursor says, and that may come from anybody.
    if (found.hits.some(({ _index }) => !_index.startsWith(`${base}-v`)))
      throw new InvalidCursorError(`cursor is of another index than ${index}`)
    return found
  } catch (error) {
    const status = statusOf(error)
    if (status === 404) throw new InvalidCursorError('cursor is too old', { cause: error })
    if (status === 400) throw new InvalidCursorError('cursor is malformed', { cause: error })
    throw error
  }
}

function placeOf(hit: estypes.SearchHit<KeptDocument> | undefined): SearchPlace {
  return (hit?.sort ?? []).slice() as SearchPlace
}

/** One page. The first opens a view only where there is a second one; all further pages are of that view. */
export async function searchPage(
  client: ElasticClient,
  searched: Searched,
  query: SearchQuery,
): Promise<SearchPage> {
  const { definition, index } = searched
  const { limit = 20 } = query
  const request = requestOf(definition, query)
  // A view adds a term of its own to the order.
  const terms = sortOf(query).length + 1
  const cursor = parseSearchCursor(definition, query, terms)
  let found: { hits: Hits; view: string }
  if (cursor === undefined) {
    found = await look(client, { ...request, index })
    if (found.hits.length > limit) {
      const id = await openView(client, index)
      found = await lookInView(client, searched, { ...request, pit: { id, keep_alive: keepAlive } })
    }
  } else {
    const pit = { id: cursor.view, keep_alive: keepAlive }
    found = await lookInView(client, searched, { ...request, pit, search_after: [...cursor.place] })
  }
  const hits = found.hits.slice(0, limit)
  const isLast = found.hits.length <= limit
  if (isLast && found.view !== '') await closeView(client, found.view)
  return {
    hits: hits.map((hit) => hitOf(definition, hit)),
    next: isLast
      ? undefined
      : formatSearchCursor(definition, query, { view: found.view, place: placeOf(hits.at(-1)) }),
  }
}
