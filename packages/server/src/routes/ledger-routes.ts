import type { Management } from '@millrace/app'
import { defined, InvalidValueError } from '@millrace/contracts'

import { jsonResponse } from '../http/error-response.ts'
import { QueryParameters } from '../http/query-parameters.ts'
import { actorOf, found, param, readOrder } from './answers.ts'
import type { Route } from './route.ts'

const deliveryStates = ['open', 'retrying', 'unknown', 'delivered', 'dead', 'cancelled'] as const
const deadLetterKinds = ['delivery', 'parked'] as const

function deliveryRoutes(management: Management): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/deliveries',
      handle: async (request) => {
        const query = new QueryParameters(request, ['state', 'processor', 'cursor', 'limit'])
        const page = await management.deliveries(
          defined({
            state: query.choice('state', deliveryStates),
            processor: query.text('processor'),
            cursor: query.text('cursor'),
            limit: query.number('limit'),
          }),
        )
        return jsonResponse(page)
      },
    },
    {
      method: 'GET',
      path: '/api/deliveries/:id',
      handle: async (_request, context) => {
        const id = param(context, 'id')
        return found(await management.delivery(id), `delivery ${id}`)
      },
    },
  ]
}

function deadLetterRoutes(management: Management): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/dead-letters',
      handle: async (request) => {
        const known = ['kind', 'processor', 'action', 'recordId', 'cursor', 'limit']
        const query = new QueryParameters(request, known)
        const page = await management.deadLetters(
          defined({
            kind: query.choice('kind', deadLetterKinds),
            processor: query.text('processor'),
            action: query.text('action'),
            recordId: query.text('recordId'),
            cursor: query.text('cursor'),
            limit: query.number('limit'),
          }),
        )
        return jsonResponse(page)
      },
    },
    {
      method: 'GET',
      // Not below /api/dead-letters: what comes there is an id.
      path: '/api/dead-letter-history',
      handle: async (request) => {
        const query = new QueryParameters(request, ['id', 'cursor', 'limit'])
        const page = await management.deadLetterHistory(
          defined({ id: query.text('id'), cursor: query.text('cursor'), limit: query.number('limit') }),
        )
        return jsonResponse(page)
      },
    },
    {
      method: 'GET',
      path: '/api/dead-letters/:id',
      handle: async (_request, context) => {
        const id = param(context, 'id')
        return found(await management.deadLetter(id), `dead letter ${id}`)
      },
    },
    {
      method: 'POST',
      path: '/api/dead-letters/:id/retry',
      role: 'replay',
      handle: async (request, context) => {
        const id = param(context, 'id')
        const { waitMs, ...order } = await readOrder(request, ['by', 'waitMs'])
        if (waitMs !== undefined && typeof waitMs !== 'number')
          throw new InvalidValueError('waitMs', 'a number')
        const outcome = await management.retryDeadLetter(id, { by: actorOf(order), ...defined({ waitMs }) })
        return found(outcome, `dead letter ${id}`)
      },
    },
    {
      method: 'DELETE',
      path: '/api/dead-letters/:id',
      handle: async (request, context) => {
        const id = param(context, 'id')
        const by = actorOf(await readOrder(request, ['by']))
        return found(
          (await management.removeDeadLetter(id, by)) ? { id, removed: true } : undefined,
          `dead letter ${id}`,
        )
      },
    },
  ]
}

/** Deliveries and dead letters. */
export function ledgerRoutes(management: Management): readonly Route[] {
  return [...deliveryRoutes(management), ...deadLetterRoutes(management)]
}
