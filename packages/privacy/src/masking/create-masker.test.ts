import { expect, test } from 'vitest'

import { createMasker } from './create-masker.ts'

test('named members are masked wherever they are, whatever their case', () => {
  const mask = createMasker({ fields: ['email', 'address.street'] })
  const value = {
    Email: 'ada@x.org',
    street: 'kept',
    people: [{ email: 'b', address: { street: 's', city: 'c' }, at: new Date(0) }, null],
    nothing: { email: null },
  }
  const before = structuredClone(value)
  expect(mask(value)).toEqual({
    Email: '***',
    street: 'kept',
    people: [{ email: '***', address: { street: '***', city: 'c' }, at: new Date(0) }, null],
    nothing: { email: null },
  })
  expect(value).toEqual(before)
})

test('whole objects are masked with what is in them', () => {
  expect(createMasker({ fields: ['person'], instead: '?' })({ person: { name: 'Ada' } })).toEqual({
    person: '?',
  })
})

test.each(['', 'a..b', '.a'])('%j is no name', (field) => {
  expect(() => createMasker({ fields: [field] })).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION' }),
  )
})
