import { expect, test } from 'vitest'

import { defined } from './defined.ts'

test('fields without a value are left out', () => {
  expect(defined({ a: 1, b: undefined, c: null })).toEqual({ a: 1, c: null })
})
