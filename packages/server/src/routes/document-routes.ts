import type { Management } from '@millrace/app'
import { defined } from '@millrace/contracts'

import { QueryParameters } from '../http/query-parameters.ts'
import { found, param } from './answers.ts'
import type { Route } from './route.ts'

/** What is read of read models that are kept as documents. */
export function documentRoutes(management: Management): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/projections/:name/documents',
      handle: async (request, context) => {
        const name = param(context, 'name')
        const query = new QueryParameters(request, ['after', 'limit'])
        const asked = defined({ after: query.text('after'), limit: query.number('limit') })
        return found(await management.documents(name, asked), `projection ${name}`)
      },
    },
  ]
}
