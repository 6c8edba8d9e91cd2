import { createCursorKeys, defineQuery, openQuery } from '@millrace/query'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { benches, byTenant, cursors, everybody, fields, key } from './support.ts'
import type { Bench, Customer, Customers, Request } from './support.ts'

const nullable = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.option(value, { nil: null, freq: 3 })

/** Few values each, so that ties are the rule. */
const customer: fc.Arbitrary<Customer> = fc.record({
  id: fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom('a', 'B', 'é', '😀', "'", '%') }),
  tenant: fc.constantFrom('one', 'two'),
  name: nullable(fc.constantFrom('', 'Ada', 'ada', 'Zoë', '\uffff', '😀')),
  balance: nullable(fc.constantFrom('0', '-1.50', '10', '9.99', '12345678901234567890.01')),
  orders: fc.integer({ min: -2, max: 2 }),
  active: nullable(fc.boolean()),
  openedAt: nullable(fc.constantFrom(new Date(0), new Date(1), new Date(1_700_000_000_123))),
})
const customers = fc.uniqueArray(customer, { maxLength: 25, selector: ({ tenant, id }) => `${tenant}/${id}` })

const orderable = ['id', 'tenant', 'name', 'balance', 'orders', 'active', 'openedAt'] as const
const order = fc
  .uniqueArray(fc.constantFrom(...orderable), { maxLength: 3 })
  .chain((names) =>
    fc.tuple(
      ...names.map((field) =>
        fc.constantFrom('ascending', 'descending').map((direction) => ({ field, direction }) as const),
      ),
    ),
  )
const filter: fc.Arbitrary<NonNullable<Request['filter']>> = fc.constantFrom<NonNullable<Request['filter']>>(
  {},
  { orders: { '>=': 0 } },
  { name: { '!=': 'Ada' } },
  { name: { like: '%a' }, active: true },
  { balance: { between: ['-2', '10'] } },
  { openedAt: null },
)

async function walk(query: Customers, request: Request): Promise<readonly (readonly Customer[])[]> {
  const pages: (readonly Customer[])[] = []
  for (let cursor: string | undefined; ;) {
    const page = await query.page({ ...request, ...(cursor === undefined ? {} : { cursor }) })
    pages.push(page.rows)
    cursor = request.direction === 'backwards' ? page.previous : page.next
    if (cursor === undefined) return pages
    expect(page.rows).toHaveLength(request.limit ?? 100)
  }
}

const invalid: unknown = expect.objectContaining({ code: 'ERR_INVALID_CURSOR' })

describe.for(benches)('pages on %s', ([, runs, open]) => {
  let bench: Bench
  let query: Customers

  beforeAll(async () => {
    bench = await open()
    query = openQuery(everybody, { rows: bench.rows, cursors })
  })
  afterAll(async () => {
    await bench[Symbol.asyncDispose]()
  })

  test('are together the unpaged result, by cursor in both directions and by offset, under ties and nulls', async () => {
    await fc.assert(
      fc.asyncProperty(
        customers,
        order,
        filter,
        fc.integer({ min: 1, max: 7 }),
        async (rows, terms, where, limit) => {
          await bench.replaceWith(rows)
          const request = { filter: where, order: terms, limit }
          const all = (await query.page({ ...request, limit: 1000 })).rows
          expect(await query.count({ filter: where })).toBe(all.length)
          expect((await walk(query, request)).flat()).toEqual(all)
          const backwards = await walk(query, { ...request, direction: 'backwards' })
          expect(backwards.toReversed().flat()).toEqual(all)
          const byOffset: Customer[] = []
          for (let offset = 0; offset < all.length; offset += limit)
            byOffset.push(...(await query.page({ ...request, offset })).rows)
          expect(byOffset).toEqual(all)
        },
      ),
      { numRuns: runs },
    )
  })

  test('turn around: the page before the next one is the first again', async () => {
    await bench.replaceWith(Array.from({ length: 9 }, (_, i) => sample(i)))
    const first = await query.page({ limit: 4 })
    expect([first.previous, first.rows.length]).toEqual([undefined, 4])
    const second = await query.page({ limit: 4, cursor: first.next ?? '' })
    const back = await query.page({ limit: 4, cursor: second.previous ?? '', direction: 'backwards' })
    expect(back.rows).toEqual(first.rows)
    expect(back.previous).toBeUndefined()
    const again = await query.page({ limit: 4, cursor: back.next ?? '' })
    expect(again.rows).toEqual(second.rows)
    const last = await query.page({ limit: 4, cursor: again.next ?? '' })
    expect([last.rows.length, last.next]).toEqual([1, undefined])
    const byOffset = await query.page({ limit: 4, offset: 4 })
    expect(byOffset.rows).toEqual(second.rows)
    expect((await query.page({ limit: 4, cursor: byOffset.next ?? '' })).rows).toEqual(last.rows)
  })

  test('neither repeat nor leave out rows when others come and go in between', async () => {
    const rows = Array.from({ length: 9 }, (_, i) => sample(i))
    await bench.replaceWith(rows)
    const first = await query.page({ limit: 3 })
    await bench.replaceWith([...rows.filter(({ id }) => id !== 'c2'), { ...sample(0), id: 'c10' }])
    const second = await query.page({ limit: 3, cursor: first.next ?? '' })
    expect(second.rows.map(({ id }) => id)).toEqual(['c3', 'c4', 'c5'])
  })

  test('show one tenant its own rows only', async () => {
    const rows = [sample(1), sample(2), { ...sample(1), tenant: 'two', name: 'other' }]
    await bench.replaceWith(rows)
    const own = openQuery(byTenant, { rows: bench.rows, cursors })
    expect((await own.page({ tenant: 'two' })).rows).toEqual([rows[2]])
    expect(await own.count({ tenant: 'one', filter: { tenant: { '!=': 'one' } } })).toBe(0)
    await expect(own.page()).rejects.toMatchObject({ code: 'ERR_INVALID_VALUE', field: 'tenant' })
    await expect(own.count()).rejects.toMatchObject({ code: 'ERR_INVALID_VALUE', field: 'tenant' })
  })
})

const sample = (i: number): Customer => ({
  id: `c${i}`,
  tenant: 'one',
  name: null,
  balance: '1',
  orders: i,
  active: null,
  openedAt: null,
})

describe('a cursor of a query', async () => {
  const [, , open] = benches[0] as (typeof benches)[number]
  const bench = await open()
  await bench.replaceWith(Array.from({ length: 9 }, (_, i) => sample(i)))
  const { rows } = bench
  const own = openQuery(byTenant, { rows, cursors })
  const asked: Request = {
    tenant: 'one',
    limit: 2,
    filter: { orders: { '>=': 0 } },
    order: [{ field: 'orders' }],
  }
  const cursor = (await own.page(asked)).next ?? ''

  test('is good for its own query, whatever the page size and the order of members', async () => {
    const page = await own.page({
      order: [{ field: 'orders' }],
      filter: { orders: { '>=': 0 } },
      tenant: 'one',
      limit: 5,
      cursor,
    })
    expect(page.rows[0]?.id).toBe('c2')
  })

  test.each<[string, Request]>([
    ['tenant', { tenant: 'two' }],
    ['direction', { direction: 'backwards' }],
    ['filter', { filter: { orders: { '>=': 1 } } }],
    ['filter, left out', { filter: {} }],
    ['order', { order: [{ field: 'orders', direction: 'descending' }] }],
    ['order, left out', { order: [] }],
  ])('is refused for another %s', async (_, change) => {
    await expect(own.page({ ...asked, cursor, ...change })).rejects.toThrow(invalid)
  })

  test('is refused for another query, also one that only names more fields', async () => {
    const other = defineQuery({ name: 'others', fields, key: ['id'], tenant: 'tenant' })
    await expect(openQuery(other, { rows, cursors }).page({ ...asked, cursor })).rejects.toThrow(invalid)
    const wider = defineQuery({
      name: 'customers',
      fields: { ...fields, more: 'text' },
      key: ['id'],
      tenant: 'tenant',
    })
    await expect(openQuery(wider, { rows, cursors }).page({ ...asked, cursor })).rejects.toThrow(invalid)
  })

  test('is refused with any byte changed', async () => {
    const bytes = Buffer.from(cursor, 'base64url')
    for (let i = 0; i < bytes.length; i++) {
      const changed = Buffer.from(bytes)
      changed.writeUInt8((changed.readUInt8(i) + 1) % 256, i)
      await expect(own.page({ ...asked, cursor: changed.toString('base64url') })).rejects.toThrow(invalid)
    }
  })

  test('verifies after its key was changed for another, unless that is not allowed', async () => {
    const current = { id: 'k2', key: new Uint8Array(32).fill(8) }
    const rotated = openQuery(byTenant, { rows, cursors: createCursorKeys({ current, earlier: [key] }) })
    expect((await rotated.page({ ...asked, cursor })).rows[0]?.id).toBe('c2')
    const strict = createCursorKeys({ current, earlier: [key], allowRotation: false })
    await expect(openQuery(byTenant, { rows, cursors: strict }).page({ ...asked, cursor })).rejects.toThrow(
      invalid,
    )
  })

  test.each<[string, Request]>([
    ['limit', { limit: 0 }],
    ['limit', { limit: 1001 }],
    ['limit', { limit: 1.5 }],
    ['offset', { offset: -1 }],
    ['offset', { offset: 1, cursor }],
    ['offset', { offset: 1, direction: 'backwards' }],
    ['direction', { direction: 'sideways' as never }],
    ['tenant', { tenant: '' }],
  ])('and a wrong %s are told apart', async (field, change) => {
    await expect(own.page({ ...asked, ...change })).rejects.toMatchObject({
      code: 'ERR_INVALID_VALUE',
      field,
    })
  })
})
