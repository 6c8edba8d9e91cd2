import type { FieldValue, Row } from '@millrace/contracts'

import { same } from '../suite/assertions.ts'
import type { ContractCase } from '../suite/contract-case.ts'
import type { RowSourcesUnderTest } from './declaration.ts'
import { idsWhere, is, sampleFields, sampleRow } from './sample-rows.ts'

type RowSourceCase = ContractCase<RowSourcesUnderTest>

/** Three values of each type in their order, as rows 1 to 3; row 4 is all null. */
const ascending: Readonly<Record<string, readonly FieldValue[]>> = {
  name: ['B', 'a', 'é'],
  orders: [-5, 0, 9_007_199_254_740_991],
  score: [-0.5, 1e-10, 3e300],
  balance: ['-10.05', '9.9', '10'],
  openedAt: [new Date(-1), new Date(0), new Date('9999-12-31T23:59:59.999Z')],
}

const rows: readonly Row[] = [
  ...[0, 1, 2].map((i) =>
    sampleRow(
      i + 1,
      Object.fromEntries(Object.entries(ascending).map(([field, values]) => [field, values[i] ?? null])),
    ),
  ),
  sampleRow(4),
]

const expected = [
  ['=', [2]],
  ['!=', [1, 3, 4]],
  ['<', [1]],
  ['<=', [1, 2]],
  ['>', [3]],
  ['>=', [2, 3]],
] as const

const comparisonCases: readonly RowSourceCase[] = Object.entries(ascending).map(([field, values]) => ({
  name: `rows are compared by ${field}, and null is neither less nor greater`,
  run: async ({ load }) => {
    const source = await load(sampleFields, rows)
    const middle = values[1] as FieldValue
    for (const [comparison, ids] of expected)
      same(await idsWhere(source, is(field, comparison, middle)), ids, `${field} ${comparison}`)
    const [first, , last] = values as readonly [FieldValue, FieldValue, FieldValue]
    same(await idsWhere(source, { kind: 'in', field, values: [first, last] }), [1, 3])
    same(await idsWhere(source, { kind: 'in', field, values: [] }), [])
    same(await idsWhere(source, { kind: 'between', field, from: middle, to: last }), [2, 3])
    same(await idsWhere(source, { kind: 'between', field, from: last, to: middle }), [])
    same(await idsWhere(source, is(field, '=', null)), [4])
    same(await idsWhere(source, is(field, '!=', null)), [1, 2, 3])
  },
}))

/** Pattern, and the texts that are like it. */
const patterns: readonly (readonly [pattern: string, texts: readonly string[]])[] = [
  ['%', ['', 'a', 'ab', 'aab', 'A%', 'x_y', '😀b', 'a\nb', '\\']],
  ['a%', ['a', 'ab', 'aab', 'a\nb']],
  ['%b', ['ab', 'aab', '😀b', 'a\nb']],
  ['a%b', ['ab', 'aab', 'a\nb']],
  ['_b', ['ab', '😀b']],
  ['A\\%', ['A%']],
  ['%\\_%', ['x_y']],
  ['\\\\', ['\\']],
  ['\\a', ['a']],
  ['', ['']],
  ['%a%a%b', ['aab']],
  ["' or '1'='1", []],
]

/** What rows a selection keeps. */
export const conditionCases: readonly RowSourceCase[] = [
  ...comparisonCases,
  {
    name: 'booleans are compared, and null is not false',
    run: async ({ load }) => {
      const all = [sampleRow(1, { active: true }), sampleRow(2, { active: false }), sampleRow(3)]
      const source = await load(sampleFields, all)
      same(await idsWhere(source, is('active', '=', false)), [2])
      same(await idsWhere(source, is('active', '!=', true)), [2, 3])
      same(await idsWhere(source, { kind: 'in', field: 'active', values: [true, false] }), [1, 2])
    },
  },
  {
    name: 'texts are like a pattern by its % and _, with \\ before those that are meant',
    run: async ({ load }) => {
      const texts = patterns[0]?.[1] ?? []
      const source = await load(
        sampleFields,
        texts.map((name, i) => sampleRow(i, { name })),
      )
      for (const [pattern, like] of patterns)
        same(
          await idsWhere(source, { kind: 'like', field: 'name', pattern }),
          like.map((text) => texts.indexOf(text)),
          `like ${pattern}`,
        )
    },
  },
  {
    name: 'all conditions hold, and rows are counted as they are selected',
    run: async ({ load }) => {
      const source = await load(sampleFields, rows)
      const where = [is('orders', '>=', 0), is('orders', '<', 5), is('name', '!=', 'B')]
      same(await idsWhere(source, ...where), [2])
      same(await source.count({ fields: sampleFields, where }), 1)
      same(await source.count({ fields: sampleFields, where: [] }), 4)
      same(await source.count({ fields: sampleFields, where: [is('orders', '=', 77)] }), 0)
    },
  },
  {
    name: 'values are never read as part of a statement',
    run: async ({ load }) => {
      const hostile = `'; drop table x; -- $1 :schema "`
      const source = await load(sampleFields, [sampleRow(1, { name: hostile }), sampleRow(2, { name: 'x' })])
      same(await idsWhere(source, is('name', '=', hostile)), [1])
      same(await idsWhere(source, { kind: 'in', field: 'name', values: [hostile, '{a,b}', '"'] }), [1])
    },
  },
]
