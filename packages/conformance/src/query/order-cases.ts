import { createHash } from 'node:crypto'

import type { PlacedRow, Row, RowOrder, RowSource } from '@millrace/contracts'

import { refused, same } from '../suite/assertions.ts'
import type { ContractCase } from '../suite/contract-case.ts'
import type { RowSourcesUnderTest } from './declaration.ts'
import { by, idsOf, is, sampleFields, sampleRow } from './sample-rows.ts'

type RowSourceCase = ContractCase<RowSourcesUnderTest>

/** Numbers that look drawn at random and are the same in every run. */
function drawn(seed: string): (below: number) => number {
  let count = 0
  return (below) => createHash('sha256').update(`${seed}${count++}`).digest().readUInt32BE() % below
}

/** Rows with many ties and nulls in every field. */
function tiedRows(count: number): readonly Row[] {
  const draw = drawn('tied')
  const one = <Value>(values: readonly Value[]): Value | null => values[draw(values.length + 1)] ?? null
  return Array.from({ length: count }, (_, id) =>
    sampleRow(id, {
      name: one(['a', 'B', 'é', '😀', '\uffff']),
      orders: one([-1, 0, 1]),
      score: one([0.1, 0.2, 1 / 3, -1e-7]),
      balance: one(['0', '0.10', '12.345678901234567890', '-3']),
      active: one([true, false]),
      openedAt: one([new Date(0), new Date(1), new Date(1_700_000_000_123)]),
    }),
  )
}

const orders: readonly (readonly RowOrder[])[] = [
  [{ field: 'id', direction: 'descending' }],
  ...['name', 'orders', 'score', 'balance', 'active', 'openedAt'].flatMap((field) => [
    by(field),
    by(field, 'descending'),
  ]),
  [
    { field: 'name', direction: 'ascending' },
    { field: 'balance', direction: 'descending' },
    { field: 'id', direction: 'ascending' },
  ],
  [
    { field: 'active', direction: 'descending' },
    { field: 'score', direction: 'ascending' },
    { field: 'orders', direction: 'ascending' },
    { field: 'id', direction: 'descending' },
  ],
]

async function selectAll(source: RowSource, order: readonly RowOrder[]): Promise<readonly PlacedRow[]> {
  return await source.select({ fields: sampleFields, where: [], order, limit: 1000 })
}

/** Sequences of rows and their places. */
export const orderCases: readonly RowSourceCase[] = [
  {
    name: 'texts are ordered by code point, null last, and first where it is descending',
    run: async ({ load }) => {
      const names = ['é', null, '😀', 'a', '\uffff', 'B']
      const source = await load(
        sampleFields,
        names.map((name, id) => sampleRow(id, { name })),
      )
      same(await idsOf(source, by('name')), [5, 3, 0, 4, 2, 1])
      same(await idsOf(source, by('name', 'descending')), [1, 2, 4, 0, 3, 5])
    },
  },
  {
    name: 'decimals are ordered by their value, however they are written, beyond what a number holds',
    run: async ({ load }) => {
      const balances = ['10', '9.99', '-1', '9007199254740993', '9007199254740992.5', '0.1', '-1.5']
      const source = await load(
        sampleFields,
        balances.map((balance, id) => sampleRow(id, { balance })),
      )
      same(await idsOf(source, by('balance')), [6, 2, 5, 1, 0, 4, 3])
    },
  },
  {
    name: 'the place of every row leads to exactly the rows behind it, under ties and nulls',
    run: async ({ load }) => {
      const source = await load(sampleFields, tiedRows(60))
      for (const order of orders) {
        const all = await selectAll(source, order)
        same(all.length, 60)
        for (const [i, { place }] of all.entries()) {
          const behind = await source.select({
            fields: sampleFields,
            where: [],
            order,
            after: place,
            limit: 3,
          })
          same(behind, all.slice(i + 1, i + 4), `${JSON.stringify(order)} after row ${i}`)
        }
      }
    },
    timeoutMs: 60_000,
  },
  {
    name: 'an order turned around gives the same rows from the end',
    run: async ({ load }) => {
      const source = await load(sampleFields, tiedRows(60))
      for (const order of orders) {
        const turned = order.map(({ field, direction }) => ({
          field,
          direction: direction === 'ascending' ? ('descending' as const) : ('ascending' as const),
        }))
        const [there, back] = [await selectAll(source, order), await selectAll(source, turned)]
        same(
          back.map(({ row }) => row),
          there.map(({ row }) => row).toReversed(),
        )
      }
    },
  },
  {
    name: 'rows come back as they are, with the fields of the selection and no others',
    run: async ({ load }) => {
      const row = sampleRow(7, {
        name: 'N\u0001"\\é😀',
        orders: -9_007_199_254_740_991,
        score: 0.1,
        balance: '123456789012345678901234567890.123456789',
        active: false,
        openedAt: new Date(1_700_000_000_123),
      })
      const source = await load(sampleFields, [row])
      const [found] = await selectAll(source, by('id'))
      same(found?.row, row)
      const fields = { id: sampleFields['id'] as never, name: sampleFields['name'] as never }
      const order = [{ field: 'id', direction: 'ascending' }] as const
      const [narrow] = await source.select({ fields, where: [], order, limit: 1 })
      same(narrow?.row, { id: 7, name: row['name'] })
    },
  },
  {
    name: 'limit and offset cut a window out of what is asked for',
    run: async ({ load }) => {
      const source = await load(
        sampleFields,
        Array.from({ length: 10 }, (_, id) => sampleRow(id, { orders: id % 2 })),
      )
      const window = await source.select({
        fields: sampleFields,
        where: [is('orders', '=', 1)],
        order: [{ field: 'id', direction: 'descending' }],
        offset: 1,
        limit: 2,
      })
      same(
        window.map(({ row }) => row['id']),
        [7, 5],
      )
    },
  },
  {
    name: 'a place of another order is refused',
    run: async ({ load }) => {
      const source = await load(sampleFields, [sampleRow(1)])
      const order = by('name')
      const after = (place: readonly (string | null)[]): Promise<unknown> =>
        source.select({ fields: sampleFields, where: [], order, after: place, limit: 1 })
      await refused(after(['a']), { code: 'ERR_INVALID_CURSOR' })
      await refused(after(['a', '1', '2']), { code: 'ERR_INVALID_CURSOR' })
    },
  },
]
