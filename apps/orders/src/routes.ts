import { jsonResponse, NotFoundError, readJsonObject } from '@millrace/server'
import type { Route } from '@millrace/server'

import type { Orders } from './orders.ts'
import type { Outside } from './outside/outside.ts'
import type { CustomerInput, OrderInput } from './shop/shop.ts'

const maxBytes = 100_000

/** What stands in for the programs that write to the tables, and shows what came of it. */
export function ordersRoutes({ shop }: Orders, outside: Outside | undefined): readonly Route[] {
  return [
    {
      method: 'PUT',
      path: '/api/shop/customers',
      handle: async (request) => {
        // The shop checks every field.
        await shop.saveCustomer((await readJsonObject(request, maxBytes)) as unknown as CustomerInput)
        return jsonResponse({ saved: true })
      },
    },
    {
      method: 'POST',
      path: '/api/shop/orders',
      handle: async (request) => {
        const order = (await readJsonObject(request, maxBytes)) as unknown as OrderInput
        await shop.placeOrders([order])
        return jsonResponse({ order: order.id })
      },
    },
    {
      method: 'POST',
      path: '/api/shop/orders/:id/ship',
      handle: async (_request, { params }) => {
        const { id = '' } = params
        if (!(await shop.ship(id))) throw new NotFoundError(`there is no order ${id} to be shipped`)
        return jsonResponse({ shipped: id })
      },
    },
    {
      method: 'GET',
      path: '/api/outside',
      handle: () => jsonResponse({ arrivals: outside?.arrivals ?? [] }),
    },
    {
      method: 'PUT',
      path: '/api/outside/warehouse',
      handle: async (request) => {
        if (outside === undefined) throw new NotFoundError('the warehouse is none of this app')
        const { open } = await readJsonObject(request, maxBytes)
        outside.close(open === false)
        return jsonResponse({ open: open !== false })
      },
    },
  ]
}
