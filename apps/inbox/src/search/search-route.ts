import { InvalidValueError } from '@millrace/contracts'
import type { SearchCondition, SearchHit, SearchIndex } from '@millrace/contracts'
import { jsonResponse } from '@millrace/server'

import type { Handler } from '../intake/intake.ts'

const known = new Set(['q', 'kind', 'type', 'repository', 'actor', 'issue', 'limit', 'cursor'])

function checkNames(query: URLSearchParams): void {
  for (const name of query.keys())
    if (!known.has(name))
      throw new InvalidValueError(name, `left out: the parameters are ${[...known].join(', ')}`)
}

/** @throws {@link InvalidValueError} */
function whole(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  if (!/^\d{1,15}$/.test(text)) throw new InvalidValueError(name, 'a whole number')
  return Number(text)
}

function conditions(query: URLSearchParams): readonly SearchCondition[] {
  const issue = whole(query, 'issue')
  const keywords = ['kind', 'type', 'repository', 'actor'].flatMap((field) => {
    const is = query.get(field)
    return is === null ? [] : [{ field, is }]
  })
  return [...keywords, ...(issue === undefined ? [] : [{ field: 'issue', is: issue }])]
}

function shown({ id, body, highlights }: SearchHit): unknown {
  // A whole text may be long: of that only the passages are shown.
  const rest = Object.entries(body).filter(([name]) => name !== 'text')
  return { id, ...Object.fromEntries(rest), highlights }
}

/**
 * `GET /api/search?q=words`: events by what people wrote, the best match first, with the words marked. `kind`, `type`,
 * `repository`, `actor` and `issue` narrow it; without `q` the newest come first.
 */
export function searchRoute(index: SearchIndex): Handler {
  return async (request) => {
    const query = new URL(request.url).searchParams
    checkNames(query)
    const words = query.get('q')
    const limit = whole(query, 'limit')
    const cursor = query.get('cursor')
    const all = conditions(query)
    const { hits, next } = await index.search({
      ...(words === null
        ? { sort: [{ field: 'at', direction: 'descending' }] }
        : { text: { query: words }, highlight: ['title', 'text'] }),
      ...(all.length === 0 ? {} : { where: { all } }),
      ...(limit === undefined ? {} : { limit }),
      ...(cursor === null ? {} : { cursor }),
    })
    return jsonResponse({ hits: hits.map(shown), next: next ?? null })
  }
}
