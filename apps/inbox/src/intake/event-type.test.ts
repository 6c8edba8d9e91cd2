import { isEventType } from '@millrace/contracts'
import { expect, test } from 'vitest'

import { eventTypeOf } from './event-type.ts'

test('a delivery is named after its kind and action', () => {
  expect(eventTypeOf('push', undefined)).toBe('push')
  expect(eventTypeOf('issues', 'labeled')).toBe('issues.labeled')
  expect(eventTypeOf('repository_dispatch', 'on-demand-test')).toBe('repository_dispatch.on-demand-test')
})

test('whatever kind and action hold, the type is one an event may carry and no two share one', () => {
  const parts = [
    'a',
    'a.b',
    'a:2Eb',
    '-a',
    ':2Da',
    'a b',
    'ä',
    '€',
    '🚀',
    '$x',
    'a/b',
    '',
    'x'.repeat(64),
    '::',
  ]
    .concat(['x'.repeat(300), 'x'.repeat(301), 'x'.repeat(60), '!'.repeat(64), `a${'!'.repeat(63)}`])
    .concat(['\ud800', '\udc00', '\ufffd', '\ud800'.repeat(60), '\udc00'.repeat(60), '\ufffd'.repeat(60)])
  const kinds = parts.filter((part) => part !== '' && part.length <= 64)
  const types = kinds.flatMap((kind) => [
    eventTypeOf(kind, undefined),
    ...parts.map((action) => eventTypeOf(kind, action)),
  ])
  expect(types.filter((type) => !isEventType(type))).toEqual([])
  expect(new Set(types).size).toBe(types.length)
})
