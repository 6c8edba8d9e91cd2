import { expect, test } from 'vitest'

import { hollowTests } from './hollow-tests.ts'

const whys = (text: string): readonly string[] =>
  hollowTests({ path: 'a.test.ts', text }).map(({ line, why }) => `${line} ${why}`)

test('a test that cannot fail is told by its line', () => {
  expect(
    whys(`
test('runs', async () => {
  await send()
})

test('is fine', () => {
  expect(true).toBe(true)
})

  test.each([1, 2])('is there %i', (n) => {
    const found = find(n)
    expect(found).toBeDefined()
  })
`),
  ).toEqual(['2 asserts nothing', '6 asserts a constant', '10 asserts only that something is there'])
})

test('one that compares, waits or expects an error is none', () => {
  expect(
    whys(`
test('compares', () => {
  expect(sum(1, 2)).toBe(3)
})
test('waits', async () => {
  await eventually(() => state()).toBeDefined()
})
test('is refused', async () => {
  await expect(open()).rejects.toThrow('no')
})
test.each([
  ['a', 1],
])('%s', (text, n) => {
  expect(parse(text)).toBe(n)
})
`),
  ).toEqual([])
})
