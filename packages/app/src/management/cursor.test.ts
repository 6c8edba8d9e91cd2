import { createCursorKeys } from '@millrace/query'
import { expect, test } from 'vitest'

import { formatCursor, parseCursor } from './cursor.ts'

const keys = createCursorKeys({ current: { id: 'k', key: new Uint8Array(32) } })
const invalid: unknown = expect.objectContaining({ code: 'ERR_INVALID_CURSOR' })

test('a cursor is read back for its own query, whatever the order of the fields', () => {
  const cursor = formatCursor(keys, { of: 'events', type: 'a', to: undefined }, 'g:1:0')
  expect(cursor).toMatch(/^[\w-]+$/)
  expect(parseCursor(keys, { type: 'a', of: 'events' }, cursor)).toBe('g:1:0')
})

test('a cursor of another query is refused', () => {
  const cursor = formatCursor(keys, { of: 'events', type: 'a' }, 'g:1:0')
  expect(() => parseCursor(keys, { of: 'events', type: 'b' }, cursor)).toThrow(invalid)
  expect(() => parseCursor(keys, { of: 'events' }, cursor)).toThrow(invalid)
})

test('a cursor that nobody here signed is refused', () => {
  const stranger = createCursorKeys({ current: { id: 'k', key: new Uint8Array(32).fill(1) } })
  const cursor = formatCursor(stranger, { of: 'events' }, 'g:1:0')
  expect(() => parseCursor(keys, { of: 'events' }, cursor)).toThrow(invalid)
})

test.each([
  'not a cursor',
  '',
  'bm9wZQ',
  Buffer.from('[1,"x","y"]').toString('base64url'),
  Buffer.from('{"a":1}').toString('base64url'),
  'a'.repeat(20_000),
])('%j is no cursor', (text) => {
  expect(() => parseCursor(keys, { of: 'events' }, text)).toThrow(invalid)
})
