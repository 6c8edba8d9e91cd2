import type { Management } from '@millrace/app'

import { jsonResponse } from '../http/error-response.ts'
import type { Route } from './route.ts'

/** For load balancers and for finding a running server: 200 while requests can be served, 503 while they cannot. */
export function healthRoute(management: Management): Route {
  return {
    method: 'GET',
    path: '/healthz',
    guard: 'open',
    handle: async () => {
      const { status, instance } = await management.status()
      return jsonResponse({ status, instance }, status === 'down' ? 503 : 200)
    },
  }
}
