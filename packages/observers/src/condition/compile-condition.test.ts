import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'

import { RuleError } from '../errors/rule-error.ts'
import { compileCondition } from './compile-condition.ts'
import type { ConditionOptions } from './compile-condition.ts'
import type { ConditionFields } from './condition-type.ts'
import { typeFromJsonSchema, typeFromSchema } from './type-from-schema.ts'

const anything: ConditionFields = { data: 'dyn' }

function evaluate(text: string, values: Readonly<Record<string, unknown>>, types = anything): string {
  const outcome = compileCondition(text, types).evaluate(values)
  return outcome.kind === 'error' ? `error: ${outcome.error}` : outcome.kind
}

function problemsOf(
  text: string,
  types: ConditionFields = anything,
  options: ConditionOptions = {},
): string[] {
  try {
    compileCondition(text, types, options)
  } catch (error) {
    if (error instanceof RuleError)
      return error.problems.map(({ line, column, problem }) => `${line}:${column} ${problem}`)
    throw error
  }
  return []
}

const order = typeFromSchema(
  z.object({
    total: z.number(),
    quantity: z.number().int(),
    status: z.enum(['open', 'shipped']),
    note: z.string().nullable(),
    placed: z.date().optional(),
    lines: z.array(z.object({ sku: z.string(), count: z.number().int() })),
    customer: z.object({ id: z.string(), email: z.string().optional() }),
    labels: z.record(z.string(), z.string()),
  }),
)

const data = {
  total: 150.5,
  quantity: 3,
  status: 'open',
  note: null,
  placed: new Date('2026-02-03T04:05:06.789Z'),
  lines: [
    { sku: 'a', count: 1 },
    { sku: 'b', count: 2 },
  ],
  customer: { id: 'c1' },
  labels: { team: 'x' },
}

test.each([
  ['data.total > 100', 'match'],
  ['data.total > 100 && data.status == "shipped"', 'no-match'],
  ['data.quantity + 1 == 4 && data.quantity % 2 == 1', 'match'],
  ['data.status in ["open", "shipped"]', 'match'],
  ['data.note == null', 'match'],
  ['has(data.note) && !has(data.customer.email)', 'match'],
  ['"team" in data.labels && data.labels["team"].startsWith("x")', 'match'],
  ['data.lines.exists(l, l.count > 1) && data.lines.all(l, size(l.sku) == 1)', 'match'],
  ['data.lines.map(l, l.count) == [1, 2] && data.lines.filter(l, l.count > 1)[0].sku == "b"', 'match'],
  ['data.lines.exists_one(l, l.sku == "a")', 'match'],
  ['data.placed + duration("1h") > timestamp("2026-02-03T05:00:00Z")', 'match'],
  ['data.placed.getHours("Europe/Berlin") == 5 && data.placed.getMilliseconds() == 789', 'match'],
  ['data.customer.id.matches("^c[0-9]+$")', 'match'],
  ['data.total > 100 ? data.quantity == 3 : false', 'match'],
])('%s is a %s', (text, outcome) => {
  expect(evaluate(text, { data }, { data: order })).toBe(outcome)
})

test('numbers keep their kinds, and compare across them', () => {
  expect(evaluate('1 == 1.0 && 1u < 2 && 2.5 > 2u', {})).toBe('match')
  expect(evaluate('9223372036854775807 + 1 > 0', {})).toMatch(/^error: .*overflow/)
  expect(evaluate('data.n + 1.0 == 3.0', { data: { n: 2 } })).toBe('match')
  // A number of JSON is a double where no schema says that it is whole, as everywhere in CEL.
  expect(evaluate('data.n + 1 == 3', { data: { n: 2 } })).toMatch(/^error: /)
})

test('an error is absorbed by what decides without it, on either side, and is no match otherwise', () => {
  for (const text of [
    'data.gone.x == 1 || true',
    'true || data.gone.x == 1',
    '!(data.gone.x == 1 && false)',
    '!(false && data.gone.x == 1)',
    '[1, 2].exists(x, 1 / (x - 1) > 0 || x == 2)',
  ])
    expect([text, evaluate(text, { data: {} })]).toEqual([text, 'match'])
  expect(evaluate('data.gone == 1', { data: {} })).toBe('error: field not found: gone')
  expect(evaluate('data.gone == 1 || false', { data: {} })).toMatch(/^error/)
  expect(evaluate('1 / 0 == 1', {})).toMatch(/^error/)
  expect(evaluate('data.n', { data: { n: 1 } })).toBe('error: gives no bool')
})

test('the change of a row is seen with its values before and after', () => {
  const row = { fields: { status: 'string', total: 'double', tags: { list: 'string' } } } as const
  const types: ConditionFields = { old: row, new: row }
  const run = (text: string, values: Readonly<Record<string, unknown>>): string =>
    evaluate(text, values, types)
  const update = {
    old: { status: 'open', total: 1, tags: ['a'] },
    new: { status: 'shipped', total: 1, tags: ['a'] },
  }
  expect(run("changed('status') && !changed('total') && !changed('tags')", update)).toBe('match')
  expect(run("changed_from('status', 'open') && changed_to('status', 'shipped')", update)).toBe('match')
  expect(run("changed_to('status', old.status)", update)).toBe('no-match')
  expect(run("changed_from('status', 'shipped') || changed_to('total', 1.0)", update)).toBe('no-match')
  expect(run('old.status != new.status', update)).toBe('match')
  // A row that is not there has nulls.
  expect(run("changed_to('status', 'open') && old == null", { old: null, new: update.old })).toBe('match')
  expect(run("changed_from('status', 'open')", { old: update.old, new: null })).toBe('match')
  expect(run("changed('total')", { old: { total: null }, new: {} })).toBe('no-match')
})

test.each([
  [
    'data.totl > 1',
    '1:6 unknown field totl; there are total, quantity, status, note, placed, lines, customer, labels',
  ],
  ['data.total > 1 &&\n  event.id == "x"', '2:3 unknown variable event; there are data'],
  ['data.lines.exists(l, l.price > 1)', '1:24 unknown field price; there are sku, count'],
  ['data.status.length == 1', '1:13 a string has no field length'],
  ['data.status > 1', '1:13 > cannot be applied to (string, int)'],
  ['data.status == 1', '1:13 a string never equals a int'],
  ['data.total + 1 > 2.0', '1:12 + cannot be applied to (double, int)'],
  ['data.status.upper() == "X"', '1:13 unknown function upper'],
  ['data.total', '1:1 gives a double, must give a bool'],
  ['data.status.matches("(")', '1:21 ( is no RE2 pattern'],
  ['data.status.matches(data.status)', '1:26 matches takes a pattern in quotes'],
  ["changed('status')", '1:1 changed is for changes of rows'],
  ['data.total = 1', '1:12 found = but expecting'],
  ['', '1:1 must be an expression in quotes'],
])('%s is refused with its place', (text, problem) => {
  const [found = ''] = problemsOf(text, { data: order })
  expect(found).toContain(problem)
})

test('columns of a changed row are checked too', () => {
  const types: ConditionFields = {
    old: { fields: { status: 'string' } },
    new: { fields: { status: 'string' } },
  }
  expect(problemsOf("changed('state')", types)).toEqual(['1:9 unknown field state; there are status'])
  expect(problemsOf("changed_to('status', 1)", types)[0]).toContain('a string never equals a int')
  expect(problemsOf('changed(old.status)', types)).toEqual(['1:1 changed takes a column in quotes'])
})

test('every problem is told, not only the first', () => {
  expect(problemsOf('data.a > 1 || data.b > 1', { data: { fields: {} } })).toHaveLength(2)
})

test('a condition is bounded in length, depth, parts and the lists it spells out', () => {
  expect(problemsOf('true'.padEnd(5000))[0]).toContain('is longer than 4096 characters')
  expect(problemsOf(`${'('.repeat(200)}true${')'.repeat(200)}`)[0]).toContain('has more than 32 levels')
  expect(problemsOf(`data${'.x'.repeat(100)}`)[0]).toContain('has more than 32 levels')
  expect(problemsOf(Array(300).fill('true').join(' && '))[0]).toContain('has more than 500 parts')
  expect(problemsOf(`1 in [${Array(201).fill('1').join(',')}]`)[0]).toContain('more than 200 elements')
  expect(problemsOf('true && true', anything, { maxParts: 2 })[0]).toContain('has more than 2 parts')
})

test('an evaluation ends after a bounded number of rounds', () => {
  const list = Array.from({ length: 1000 }, (_, index) => index)
  const nested = compileCondition('data.l.all(a, data.l.all(b, data.l.all(c, true)))', anything)
  expect(nested.evaluate({ data: { l: list } })).toEqual({
    kind: 'error',
    error: 'took more than 10000 rounds of its loops',
  })
  // And begins anew with the next.
  expect(nested.evaluate({ data: { l: [1, 2] } })).toEqual({ kind: 'match' })
  const few = compileCondition('data.l.exists(a, a == 5.0)', anything, { maxSteps: 3 })
  expect(few.evaluate({ data: { l: list } }).kind).toBe('error')
})

test('a pattern takes linear time', () => {
  const condition = compileCondition('data.s.matches("^(a+)+$")', anything)
  const s = `${'a'.repeat(50_000)}!`
  const from = performance.now()
  expect(condition.evaluate({ data: { s } })).toEqual({ kind: 'no-match' })
  expect(performance.now() - from).toBeLessThan(2_000)
})

test('any JSON can be looked at without harm', () => {
  const condition = compileCondition(
    'data.a == data.b || data.exists(k, data[k] == null) || data.a.b.c == 1',
    anything,
  )
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(['match', 'no-match', 'error']).toContain(condition.evaluate({ data: value }).kind)
    }),
  )
})

test('a comparison agrees with JavaScript for all doubles and texts', () => {
  const less = compileCondition('data.a < data.b', anything)
  const same = compileCondition('data.a == data.b', anything)
  const either = fc.oneof(
    fc.tuple(fc.double({ noNaN: true }), fc.double({ noNaN: true })),
    fc.tuple(fc.string({ unit: 'grapheme-ascii' }), fc.string({ unit: 'grapheme-ascii' })),
  )
  fc.assert(
    fc.property(either, ([a, b]) => {
      expect(less.evaluate({ data: { a, b } }).kind).toBe(a < b ? 'match' : 'no-match')
      expect(same.evaluate({ data: { a, b } }).kind).toBe(a === b ? 'match' : 'no-match')
    }),
  )
})

test('text of any kind is a condition or refused with a place, and never anything else', () => {
  const pieces = [
    'data',
    '.',
    'x',
    '(',
    ')',
    '[',
    ']',
    '&&',
    '||',
    '!',
    '1',
    '"s"',
    '==',
    ' in ',
    '?',
    ':',
    ',',
    '\n',
    'has',
    'exists',
    '@',
    '{',
    '}',
    '\u0000',
    '🐞',
  ]
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), (parts) => {
      for (const problem of problemsOf(parts.join(''))) expect(problem).toMatch(/^\d+:\d+ ./s)
    }),
    { numRuns: 300 },
  )
})

test('names of the object prototype are no fields', () => {
  expect(evaluate('has(data.constructor) || has(data.toString) || "__proto__" in data', { data: {} })).toBe(
    'no-match',
  )
  expect(problemsOf('data.constructor == 1', { data: { fields: {} } })).toHaveLength(1)
  expect(problemsOf('constructor == 1')).toHaveLength(1)
})

test('types are read from JSON Schema, and are unknown where that says nothing', () => {
  const schema = {
    $defs: { line: { type: 'object', properties: { n: { type: ['integer', 'null'] } } } },
    type: 'object',
    properties: {
      lines: { type: 'array', items: { $ref: '#/$defs/line' } },
      either: { anyOf: [{ type: 'string' }, { type: 'number' }] },
      kind: { enum: ['a', 'b'] },
    },
    additionalProperties: {},
  }
  expect(typeFromJsonSchema(schema)).toEqual({
    fields: { lines: { list: { fields: { n: 'int' } } }, either: 'dyn', kind: 'string' },
    open: true,
  })
  expect(typeFromJsonSchema(true)).toBe('dyn')
  expect(typeFromSchema(undefined)).toBe('dyn')
  expect(typeFromJsonSchema({ $ref: '#' })).toBe('dyn')
})
