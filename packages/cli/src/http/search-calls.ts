import type { Management, SearchIndexView, SearchRebuildView } from '@millrace/app'

import type { ApiClient } from './api-client.ts'
import { callWork } from './work-call.ts'

const part = encodeURIComponent

/** Search indices, through a server. */
export function searchCalls(client: ApiClient): Pick<Management, 'searchIndexes' | 'rebuildSearchIndex'> {
  return {
    searchIndexes: async () => {
      type Answer = { readonly searchIndexes: readonly SearchIndexView[] }
      return (await client.json<Answer>({ path: '/api/search-indexes' })).searchIndexes
    },
    rebuildSearchIndex: (name, work = {}) =>
      callWork<SearchRebuildView>(
        client,
        { method: 'POST', path: `/api/search-indexes/${part(name)}/rebuild`, body: {} },
        work,
      ),
  }
}
