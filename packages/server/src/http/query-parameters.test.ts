import { expect, test } from 'vitest'

import { QueryParameters } from './query-parameters.ts'

const known = ['a', 'b']
const query = (text: string): QueryParameters =>
  new QueryParameters(new Request(`http://localhost/?${text}`), known)
const refused = (field: string): unknown => expect.objectContaining({ code: 'ERR_INVALID_VALUE', field })

test('an unknown parameter is refused by name', () => {
  expect(() => query('c=1')).toThrow(refused('c'))
  expect(() => new QueryParameters(new Request('http://localhost/?c=1'), [])).toThrow(refused('c'))
})

test('what is missing is undefined', () => {
  const none = query('')
  expect([none.text('a'), none.list('a'), none.number('a'), none.flag('a'), none.choice('a', ['x'])]).toEqual(
    Array.from({ length: 5 }, () => undefined),
  )
})

test('each kind of value is read', () => {
  expect(query('a=x%20y').text('a')).toBe('x y')
  expect(query('a=x&a=y,z').list('a')).toEqual(['x', 'y', 'z'])
  expect(query('a=012').number('a')).toBe(12)
  expect(query('a=true').flag('a')).toBe(true)
  expect(query('a=false').flag('a')).toBe(false)
  expect(query('a=y').choice('a', ['x', 'y'])).toBe('y')
})

test('a value that breaks its rule is refused by name', () => {
  expect(() => query('a=1&a=2').text('a')).toThrow(refused('a'))
  expect(() => query('a=').text('a')).toThrow(refused('a'))
  expect(() => query('a=1.5').number('a')).toThrow(refused('a'))
  expect(() => query('b=-1').number('b')).toThrow(refused('b'))
  expect(() => query('a=yes').flag('a')).toThrow(refused('a'))
  expect(() => query('a=z').choice('a', ['x', 'y'])).toThrow(refused('a'))
})
