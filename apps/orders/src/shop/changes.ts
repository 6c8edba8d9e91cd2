import { orderLineRow, orderRow, customerRow } from './rows.ts'

/** Changes of `orders`; rules of files call them so, too. */
export const orderChanges = { table: 'orders', schema: orderRow } as const
/** Changes of `order_lines`. */
export const lineChanges = { table: 'order_lines', schema: orderLineRow } as const
/** Changes of `customers`. */
export const customerChanges = { table: 'customers', schema: customerRow } as const
