import type { Management } from '@millrace/app'
import { defined } from '@millrace/contracts'

import { jsonResponse } from '../http/error-response.ts'
import { QueryParameters } from '../http/query-parameters.ts'
import { found, param } from './answers.ts'
import type { Route } from './route.ts'

const directions = ['forwards', 'backwards'] as const
const searchParameters = [
  'type',
  'category',
  'correlationId',
  'causationId',
  'from',
  'to',
  'direction',
  'raw',
  'cursor',
  'limit',
]

/** Streams and events. */
export function streamRoutes(management: Management): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/streams',
      handle: async (request) => {
        const query = new QueryParameters(request, ['category', 'includeTombstoned', 'cursor', 'limit'])
        const page = await management.listStreams(
          defined({
            category: query.text('category'),
            includeTombstoned: query.flag('includeTombstoned'),
            cursor: query.text('cursor'),
            limit: query.number('limit'),
          }),
        )
        return jsonResponse(page)
      },
    },
    {
      method: 'GET',
      path: '/api/streams/:id/events',
      handle: async (request, context) => {
        const query = new QueryParameters(request, [
          'direction',
          'fromVersion',
          'toVersion',
          'raw',
          'cursor',
          'limit',
        ])
        const id = param(context, 'id')
        const page = await management.readStream(
          id,
          defined({
            direction: query.choice('direction', directions),
            fromVersion: query.number('fromVersion'),
            toVersion: query.number('toVersion'),
            raw: query.flag('raw'),
            cursor: query.text('cursor'),
            limit: query.number('limit'),
          }),
        )
        return found(page, `stream ${id}`)
      },
    },
    {
      method: 'GET',
      path: '/api/events',
      handle: async (request) => {
        const query = new QueryParameters(request, searchParameters)
        const page = await management.searchEvents(
          defined({
            types: query.list('type'),
            categories: query.list('category'),
            correlationId: query.text('correlationId'),
            causationId: query.text('causationId'),
            from: query.text('from'),
            to: query.text('to'),
            direction: query.choice('direction', directions),
            raw: query.flag('raw'),
            cursor: query.text('cursor'),
            limit: query.number('limit'),
          }),
        )
        return jsonResponse(page)
      },
    },
  ]
}
