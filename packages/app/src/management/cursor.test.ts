import { expect, test } from 'vitest'

import { formatCursor, parseCursor } from './cursor.ts'

test('a cursor is read back for its own query, whatever the order of the fields', () => {
  const cursor = formatCursor({ of: 'events', type: 'a', to: undefined }, 'g:1:0')
  expect(cursor).toMatch(/^[\w-]+$/)
  expect(parseCursor({ type: 'a', of: 'events' }, cursor)).toBe('g:1:0')
})

test('a cursor of another query is refused', () => {
  const cursor = formatCursor({ of: 'events', type: 'a' }, 'g:1:0')
  expect(() => parseCursor({ of: 'events', type: 'b' }, cursor)).toThrow(/another query/)
})

test.each([
  'not a cursor',
  '',
  'bm9wZQ',
  Buffer.from('[2,"x","y"]').toString('base64url'),
  Buffer.from('[1,"x",7]').toString('base64url'),
  Buffer.from('{"a":1}').toString('base64url'),
  'a'.repeat(5000),
])('%j is no cursor', (text) => {
  expect(() => parseCursor({ of: 'events' }, text)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_CURSOR' }),
  )
})
