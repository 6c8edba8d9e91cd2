import fc from 'fast-check'
import { expect, test } from 'vitest'

import { attributeValue, headerValue } from './attribute-values.ts'

test('a value is written as CloudEvents write it in headers', () => {
  expect(headerValue('Euro € 😀')).toBe('Euro%20%E2%82%AC%20%F0%9F%98%80')
  expect(headerValue('a"b%c\r\nd')).toBe('a%22b%25c%0D%0Ad')
  expect(headerValue("plain:text/with'marks!")).toBe("plain:text/with'marks!")
})

test('whatever it is, no value ends its header line, and each comes back as it was', () => {
  const text = fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed())
  fc.assert(
    fc.property(text, (value) => {
      expect(headerValue(value)).toMatch(/^[\x21-\x7e]*$/)
      expect(attributeValue(headerValue(value))).toBe(value)
    }),
  )
})
