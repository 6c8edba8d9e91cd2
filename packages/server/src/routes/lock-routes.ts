import type { Management } from '@millrace/app'

import { jsonResponse } from '../http/error-response.ts'
import { actorOf, found, param, readOrder } from './answers.ts'
import type { Route } from './route.ts'

/** Locks, and taking one from its holder. */
export function lockRoutes(management: Management): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/locks',
      handle: async () => jsonResponse({ locks: await management.locks() }),
    },
    {
      method: 'POST',
      path: '/api/locks/:name/release',
      handle: async (request, context) => {
        const name = param(context, 'name')
        const by = actorOf(await readOrder(request, ['by']))
        return found(await management.releaseLock(name, by), `lock ${name}`)
      },
    },
  ]
}
