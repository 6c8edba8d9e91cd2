import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { isStreamKey, keyOf } from './stream-id.ts'
import { createStreamNaming } from './stream-naming.ts'

const part = fc.stringMatching(/^[a-z][a-z0-9_]{0,5}$/)
const id = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', '-', 'b', '1', '_'), minLength: 1, maxLength: 6 }),
  fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    .map((text) => text.normalize('NFC'))
    .filter(isStreamKey),
)
const parts = fc.record({ context: part, type: part, id })

describe('stream naming', () => {
  test('puts context, type and id together by default', () => {
    const name = createStreamNaming()
    expect(name({ context: 'billing', type: 'invoice', id: '2026-1' })).toBe('billing-invoice-2026-1')
    expect(keyOf(name({ context: 'billing', type: 'invoice', id: '2026-1' }))).toBe('invoice-2026-1')
  })

  test('may put the type first', () => {
    const name = createStreamNaming('{type}-{context}-{id}')
    expect(name({ context: 'billing', type: 'invoice', id: '7' })).toBe('invoice-billing-7')
  })

  test.each([[undefined], ['{type}-{context}-{id}']])(
    'never gives one id to two triples (pattern %s)',
    (pattern) => {
      const name = createStreamNaming(pattern)
      fc.assert(
        fc.property(parts, parts, (a, b) => {
          const same = a.context === b.context && a.type === b.type && a.id === b.id
          expect(name(a) === name(b)).toBe(same)
        }),
      )
    },
  )

  test.each([
    '',
    '{id}',
    '{context}-{id}',
    '{id}-{context}-{type}',
    '{context}{type}-{id}',
    '{context}-{type}-{id}-{id}',
    'x-{context}-{type}-{id}',
  ])('the pattern %j is refused', (pattern) => {
    expect(() => createStreamNaming(pattern)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', setting: 'stream.naming_pattern' }),
    )
  })

  test.each([
    ['context', { context: 'a-b', type: 'c', id: '1' }],
    ['context', { context: '', type: 'c', id: '1' }],
    ['context', { type: 'c', id: '1' }],
    ['type', { context: 'a', type: 'B', id: '1' }],
    ['type', { context: 'a', type: null, id: '1' }],
    ['id', { context: 'a', type: 'b', id: '' }],
    ['id', { context: 'a', type: 'b', id: '  ' }],
    ['id', { context: 'a', type: 'b', id: 42 }],
    ['id', { context: 'a', type: 'b', id: 'x\ud800' }],
    ['generated stream id', { context: 'a', type: 'b', id: 'x'.repeat(254) }],
  ])('a bad %s is refused by name', (field, bad) => {
    expect(() => createStreamNaming()(bad as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_STREAM_NAME', field }),
    )
  })

  test('the longest id still fits', () => {
    expect(createStreamNaming()({ context: 'a', type: 'b', id: 'x'.repeat(253) })).toHaveLength(257)
  })
})
