import type { Management } from '@millrace/app'

import { found } from './answers.ts'
import type { Route } from './route.ts'

const nothing = 'metrics of a process that runs the app'
const textFormat = 'text/plain; version=0.0.4; charset=utf-8'

/** Metrics, as Prometheus scrapes them and as JSON. */
export function metricsRoutes(management: Management): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/metrics',
      handle: async () => {
        const text = await management.metricsText()
        if (text === undefined) return found(undefined, nothing)
        return new Response(text, { headers: { 'content-type': textFormat, 'cache-control': 'no-store' } })
      },
    },
    { method: 'GET', path: '/api/metrics', handle: async () => found(await management.metrics(), nothing) },
  ]
}
