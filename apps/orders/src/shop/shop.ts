import { InvalidValueError } from '@millrace/contracts'
import type { SqlDatabase } from '@millrace/postgres'
import { z } from 'zod'

const shopName = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/)
const id = z.string().min(1).max(100)
const amount = z.string().regex(/^\d{1,8}(\.\d{1,2})?$/)

const customerInput = z.strictObject({
  shop: shopName,
  id,
  name: z.string().min(1).max(200),
  email: z.email().max(200),
})

const orderInput = z.strictObject({
  shop: shopName,
  id,
  customer: id,
  note: z.string().max(1000).default(''),
  lines: z
    .array(
      z.strictObject({
        article: z.string().min(1).max(200),
        pieces: z.int().min(1).max(100_000),
        price: amount,
      }),
    )
    .min(1)
    .max(100),
})

/** A customer of a shop. */
export type CustomerInput = z.input<typeof customerInput>
/** An order with its lines; prices are decimals, `12.50`. */
export type OrderInput = z.input<typeof orderInput>

/** @throws {@link InvalidValueError} naming the first field that is wrong, and its rule */
function parse<Output>(schema: z.ZodType<Output>, input: unknown): Output {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new InvalidValueError(issue?.path.join('.') || 'body', issue?.message ?? 'as documented')
}

const insertCustomer = `
insert into customers (shop, id, name, email) values ($1, $2, $3, $4)
on conflict (shop, id) do update set name = excluded.name, email = excluded.email`

const insertOrder = `
insert into orders (id, shop, customer_id, note, total)
select $1, $2, $3, $4, coalesce(sum(pieces * price), 0)
from unnest($5::int[], $6::text[]::numeric[]) as line (pieces, price)
on conflict (id) do nothing`

const countCustomers = 'select count(*)::int as n from customers where shop = $1 and id = $2'

const insertLines = `
insert into order_lines (order_id, shop, line, article, pieces, price)
select $1, $2, line, article, pieces, price
from unnest($3::text[], $4::int[], $5::text[]::numeric[]) with ordinality as given (article, pieces, price, line)`

/**
 * Writes to the tables as any program would that knows nothing of rules: plain SQL, one transaction each.
 * All methods throw {@link InvalidValueError} naming the field.
 */
export class Shop {
  readonly #database: Pick<SqlDatabase, 'transaction' | 'execute'>

  constructor(database: Pick<SqlDatabase, 'transaction' | 'execute'>) {
    this.#database = database
  }

  /** Adds a customer, or changes one. */
  async saveCustomer(customer: CustomerInput): Promise<void> {
    const { shop, id: key, name, email } = parse(customerInput, customer)
    await this.#database.execute(insertCustomer, [shop, key, name, email])
  }

  /** Places orders, all or none, each as one row and those of its lines. */
  async placeOrders(orders: readonly OrderInput[]): Promise<void> {
    const parsed = orders.map((order) => parse(orderInput, order))
    await this.#database.transaction(async (tx) => {
      for (const { shop, id: key, customer, note, lines } of parsed) {
        const pieces = lines.map((line) => line.pieces)
        const prices = lines.map((line) => line.price)
        const articles = lines.map((line) => line.article)
        const [known] = await tx.query<{ n: number }>(countCustomers, [shop, customer])
        if (known?.n !== 1) throw new InvalidValueError('customer', `a customer of ${shop}`)
        const placed = await tx.execute(insertOrder, [key, shop, customer, note, pieces, prices])
        if (placed !== 1) throw new InvalidValueError('id', 'the id of no other order')
        await tx.execute(insertLines, [key, shop, articles, pieces, prices])
      }
    })
  }

  /** False where there is no such order, or it is shipped already. */
  async ship(order: string): Promise<boolean> {
    const text = "update orders set status = 'shipped' where id = $1 and status = 'placed'"
    return (await this.#database.execute(text, [order])) === 1
  }
}
