import { expect, test } from 'vitest'

import { differenceOf } from './difference.ts'
import { partOf } from './partial.ts'

const lines = (expected: unknown, actual: unknown): readonly string[] =>
  differenceOf(expected, actual)
    .split('\n')
    .filter((line) => /^[-+] /.test(line))
    .slice(2)

test.each([
  [1, 2, ['- 1', '+ 2']],
  [0, -0, ['- 0', '+ -0']],
  [1n, 1, ['- 1n', '+ 1']],
  ['1', 1, ["- '1'", '+ 1']],
  [{ a: 1, b: 2 }, { b: 2, a: 1, c: undefined }, ['-   b: 2', '+   b: 2,', '+   c: undefined']],
  [new Date(0), new Date(1), ['- 1970-01-01T00:00:00.000Z', '+ 1970-01-01T00:00:00.001Z']],
  [new Map([['a', 1]]), new Map([['a', 2]]), ["-   'a' => 1", "+   'a' => 2"]],
  [new Uint8Array([1, 2]), new Uint8Array([1, 3]), ['-   2', '+   3']],
  [
    ['a', 'b'],
    ['b', 'a'],
    ["-   'a',", "-   'b'", "+   'b',", "+   'a'"],
  ],
])('%o and %o differ in the lines that differ', (expected, actual, differing) => {
  expect(lines(expected, actual).toSorted()).toEqual([...differing].toSorted())
})

test('deep and long values are shown whole, and what is equal only around what differs', () => {
  const deep = (leaf: number): unknown => ({ a: { b: { c: { d: { e: { f: leaf } } } } } })
  expect(lines(deep(1), deep(2))).toEqual(['-             f: 1', '+             f: 2'])
  const long = Array.from({ length: 300 }, (_, i) => i)
  const shown = differenceOf([...long, 'x'], ['y', ...long])
  expect(shown).toContain("+   'y',")
  expect(shown).toContain("-   'x'")
  expect(shown).toContain('  ...')
  expect(shown.split('\n').length).toBeLessThan(25)
})

test('values that only look alike are said to', () => {
  class Point {
    readonly x = 1
  }
  class Other {
    static {
      Object.defineProperty(Other, 'name', { value: 'Point' })
    }
    readonly x = 1
  }
  expect(differenceOf(new Point(), new Other())).toContain('look alike')
})

test('the part that a pattern names is taken at every depth', () => {
  const value = { a: { b: 1, c: [{ d: 1, e: 2 }, { d: 3 }] }, f: new Date(0) }
  expect(partOf(value, { a: { c: [{ d: 9 }] } })).toEqual({ a: { c: [{ d: 1 }, { d: 3 }] } })
  expect(partOf(value, { f: { getTime: 1 }, g: 1 })).toEqual({ f: new Date(0), g: undefined })
  expect(partOf('text', { length: 4 })).toBe('text')
  expect(partOf({ a: 1 }, 5)).toEqual({ a: 1 })
})
