import type { Management } from '@millrace/app'
import { defined, InvalidValueError } from '@millrace/contracts'

import { jsonResponse } from '../http/error-response.ts'
import { QueryParameters } from '../http/query-parameters.ts'
import { found, param, readOrder } from './answers.ts'
import type { Route } from './route.ts'

function keepOf({ keep }: Readonly<Record<string, unknown>>): number {
  if (typeof keep !== 'number') throw new InvalidValueError('keep', 'a number')
  return keep
}

/** How a stream does, and its snapshots. */
export function snapshotRoutes(management: Management): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/snapshots',
      handle: async (request) => {
        const query = new QueryParameters(request, ['category', 'after', 'limit'])
        const page = await management.snapshotStreams(
          defined({
            category: query.text('category'),
            after: query.text('after'),
            limit: query.number('limit'),
          }),
        )
        return jsonResponse(page)
      },
    },
    {
      method: 'GET',
      path: '/api/streams/:id/health',
      handle: async (_request, context) => {
        const id = param(context, 'id')
        return found(await management.streamHealth(id), `stream ${id}`)
      },
    },
    {
      method: 'GET',
      path: '/api/streams/:id/states',
      handle: async (request, context) => {
        const id = param(context, 'id')
        const query = new QueryParameters(request, ['version'])
        return found(
          await management.states(id, defined({ version: query.number('version') })),
          `stream ${id}`,
        )
      },
    },
    {
      method: 'GET',
      path: '/api/streams/:id/snapshots',
      handle: async (_request, context) => {
        const id = param(context, 'id')
        const snapshots = await management.snapshots(id)
        return found(snapshots && { snapshots }, `stream ${id}`)
      },
    },
    {
      method: 'POST',
      path: '/api/streams/:id/snapshots',
      handle: async (request, context) => {
        await readOrder(request, [])
        const id = param(context, 'id')
        const taken = await management.takeSnapshots(id)
        return found(taken && { taken }, `stream ${id}`)
      },
    },
    {
      method: 'POST',
      path: '/api/streams/:id/snapshots/prune',
      handle: async (request, context) => {
        const keep = keepOf(await readOrder(request, ['keep']))
        const id = param(context, 'id')
        return found(await management.pruneSnapshots(id, { keep }), `stream ${id}`)
      },
    },
    {
      method: 'POST',
      path: '/api/streams/:id/snapshots/verify',
      handle: async (request, context) => {
        await readOrder(request, [])
        const id = param(context, 'id')
        const verdicts = await management.verifySnapshots(id)
        return found(verdicts && { verdicts }, `stream ${id}`)
      },
    },
  ]
}
