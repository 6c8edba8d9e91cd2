import type { Management } from '@millrace/app'

import { jsonResponse } from '../http/error-response.ts'
import { actorOf, found, param, readOrder } from './answers.ts'
import type { Route } from './route.ts'

/** Processors, and pausing them. */
export function processorRoutes(management: Management): readonly Route[] {
  const change = (verb: 'pause' | 'resume'): Route => ({
    method: 'POST',
    path: `/api/processors/:name/${verb}`,
    handle: async (request, context) => {
      const name = param(context, 'name')
      const by = actorOf(await readOrder(request, ['by']))
      const known =
        verb === 'pause'
          ? await management.pauseProcessor(name, by)
          : await management.resumeProcessor(name, by)
      return found(known ? { name, paused: verb === 'pause' } : undefined, `processor ${name}`)
    },
  })
  return [
    {
      method: 'GET',
      path: '/api/processors',
      handle: async () => jsonResponse({ processors: await management.processors() }),
    },
    change('pause'),
    change('resume'),
  ]
}
