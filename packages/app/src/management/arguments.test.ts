import { expect, test } from 'vitest'

import {
  checkActor,
  checkCategories,
  checkLimit,
  checkOneOf,
  checkText,
  checkTypes,
  checkVersion,
  parseInstant,
} from './arguments.ts'

const refused = (field: string): unknown => expect.objectContaining({ code: 'ERR_INVALID_VALUE', field })

test('a page holds 100 entries unless asked otherwise, and 1 to 1000', () => {
  expect(checkLimit()).toBe(100)
  expect(checkLimit(1000)).toBe(1000)
  for (const limit of [0, 1001, 1.5, Number.NaN]) expect(() => checkLimit(limit)).toThrow(refused('limit'))
})

test('a version is a whole number from 1 up', () => {
  checkVersion('fromVersion', undefined)
  checkVersion('fromVersion', 1)
  expect(() => checkVersion('fromVersion', 0)).toThrow(refused('fromVersion'))
})

test('only the texts listed are taken', () => {
  checkOneOf('state', undefined, ['open'])
  checkOneOf('state', 'open', ['open'])
  expect(() => checkOneOf('state', 'closed', ['open'])).toThrow(refused('state'))
})

test('an event type must be one that events can have', () => {
  checkTypes(undefined)
  checkTypes(['issues.opened', '$tombstone'])
  expect(() => checkTypes(['a b'])).toThrow(refused('type'))
})

test('who acts has a name without control characters', () => {
  expect(checkActor('cli:ann')).toBe('cli:ann')
  for (const by of ['', '  ', 'a\nb', 'x'.repeat(201)]) expect(() => checkActor(by)).toThrow(refused('by'))
})

test('a date is its first or its last millisecond in UTC', () => {
  expect(parseInstant('from', '2026-02-28').toISOString()).toBe('2026-02-28T00:00:00.000Z')
  expect(parseInstant('to', '2026-02-28', true).toISOString()).toBe('2026-02-28T23:59:59.999Z')
})

test('a date-time is exact to the millisecond and has an offset', () => {
  expect(parseInstant('to', '2026-01-31T12:00:00.001+02:00', true).toISOString()).toBe(
    '2026-01-31T10:00:00.001Z',
  )
})

test.each(['yesterday', '2026-02-30', '2026-13-01', '2026-01-31T12:00:00', '2026-01-31T25:00:00Z', '1'])(
  '%s is no instant',
  (text) => {
    expect(() => parseInstant('from', text)).toThrow(refused('from'))
  },
)

test('a category no stream can have is refused', () => {
  checkCategories(undefined)
  checkCategories(['cart', 'github'])
  for (const category of ['', 'Cart', 'a-b', '\0'])
    expect(() => checkCategories([category])).toThrow(refused('category'))
})

test('a text no database can compare with is refused', () => {
  checkText('id', undefined)
  checkText('id', 'any – text')
  for (const text of ['', 'a\0b', '\ud800']) expect(() => checkText('id', text)).toThrow(refused('id'))
})

test.each(['2026-02-30T12:00:00Z', '2026-04-31', '2026-13-01T00:00:00Z'])('%s is no instant', (text) => {
  expect(() => parseInstant('from', text)).toThrow(refused('from'))
})
