import { createEventDecoder } from '@millrace/contracts'
import type { Envelope, LogFilter } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { readableBy, storedFilter } from './stored-filter.ts'

/** `Closed` events are read as `Ended` today; `Closed` itself is retired. */
const storedTypes = (types: readonly string[]): readonly string[] =>
  types.flatMap((type) => (type === 'Ended' ? ['Ended', 'Closed'] : type === 'Closed' ? [] : [type]))
const plain = createEventDecoder()
const upcasting = createEventDecoder({
  upcast: Object.assign((envelope: Envelope) => envelope, { storedTypes }),
})
const name = 'ends'

test('a filter of types is widened to those under which they are stored, and keeps the rest', () => {
  const filter: LogFilter = { types: ['Ended', 'Opened'], categories: ['cart'] }
  expect(storedFilter({ name, filter }, upcasting)).toEqual({
    types: ['Ended', 'Closed', 'Opened'],
    categories: ['cart'],
  })
  expect(storedFilter({ name, filter }, plain)).toBe(filter)
})

test('no filter, and one of categories alone, stay as they are', () => {
  expect(storedFilter({ name, filter: undefined }, upcasting)).toBeUndefined()
  expect(storedFilter({ name, filter: { categories: ['cart'] } }, upcasting)).toEqual({
    categories: ['cart'],
  })
})

test('a type as which nothing is read any more is refused by name', () => {
  expect(() => storedFilter({ name, filter: { types: ['Ended', 'Closed'] } }, upcasting)).toThrow(
    expect.objectContaining({
      code: 'ERR_CONFIGURATION',
      setting: 'processor ends.filter.types',
      message: expect.stringContaining('Closed') as unknown,
    }),
  )
})

test('of what a record became only the types asked for are handed on', () => {
  const envelopes = ['Ended', 'Opened'].map((type) => ({ type }) as Envelope)
  expect(readableBy({ filter: { types: ['Ended'] } }, upcasting, envelopes)).toEqual([{ type: 'Ended' }])
  expect(readableBy({ filter: undefined }, upcasting, envelopes)).toBe(envelopes)
  expect(readableBy({ filter: { types: ['Ended'] } }, plain, envelopes)).toBe(envelopes)
})
