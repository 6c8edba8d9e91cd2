import { fileURLToPath } from 'node:url'

import { defineApp, defineAppIndex } from '@millrace/app'
import type { AppDefinition, Environment } from '@millrace/app'

import { announceOrder } from './rules/announce-order.ts'
import { largeOrder } from './rules/large-order.ts'
import { ordersSettings } from './settings.ts'
import { customerChanges, lineChanges, orderChanges } from './shop/changes.ts'
import { findCustomer } from './shop/find-customer.ts'
import { orderIndex } from './shop/order-index.ts'
import { sqlFile } from './sql-file.ts'

const ruleFile = fileURLToPath(new URL('../rules/orders.yaml', import.meta.url))

/** Signs what goes to the warehouse. */
export const ordersSecrets = {
  warehouseKey: { variable: 'ORDERS_WEBHOOK_SECRET', prefix: 'whsec_' },
} as const

/**
 * Tables of customers, orders and their lines, whose changes are captured, and rules about them: one of code, the others of a
 * file. They have a data folder and a stream of their own, beside those of other apps in the same place.
 *
 * @param env names where the rules send to, once the app is opened
 */
export function defineOrders(env: Environment = process.env): AppDefinition<typeof ordersSecrets> {
  return defineApp({
    name: 'orders',
    secrets: ordersSecrets,
    readModels: [{ name: 'shop', script: sqlFile('shop') }],
    captures: [
      { table: 'customers', tenant: 'shop' },
      { table: 'orders', tenant: 'shop' },
      { table: 'order_lines', tenant: 'shop' },
    ],
    searchIndexes: [defineAppIndex({ definition: orderIndex })],
    observers: ({ database, settings }) => ({
      ...ordersSettings(env),
      rules: settings.natsUrl.value === undefined ? [largeOrder] : [largeOrder, announceOrder],
      files: [ruleFile],
      sources: { customers: customerChanges, orders: orderChanges, order_lines: lineChanges },
      lookups: { customer: findCustomer(database) },
    }),
    settings: { dataDir: '.millrace/orders', natsStream: 'orders' },
  })
}
