import type { Management } from '@millrace/app'

import { jsonResponse } from '../http/error-response.ts'
import { workResponse } from '../http/work-response.ts'
import { param } from './answers.ts'
import type { Route } from './route.ts'

/** Search indices, and building one anew. */
export function searchRoutes(management: Management): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/search-indexes',
      handle: async () => jsonResponse({ searchIndexes: await management.searchIndexes() }),
    },
    {
      method: 'POST',
      path: '/api/search-indexes/:name/rebuild',
      handle: async (request, context) => {
        const name = param(context, 'name')
        return await workResponse(request, `search index ${name}`, (work) =>
          management.rebuildSearchIndex(name, work),
        )
      },
    },
  ]
}
