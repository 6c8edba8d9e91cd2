import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  categoryOf,
  createStreamId,
  isCategory,
  isStreamId,
  isStreamKey,
  keyOf,
  parseAggregateId,
  parseStreamId,
} from './stream-id.ts'

const category = fc.stringMatching(/^[a-z][a-z0-9_]{0,62}$/)
const key = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 60 })
  .map((text) => text.normalize('NFC'))
  .filter(isStreamKey)

const refusal = (field: string): unknown =>
  expect.objectContaining({ code: 'ERR_INVALID_STREAM_NAME', field })

describe('a stream key', () => {
  test.each([
    ['a dot', 'a.b'],
    ['a star', '*'],
    ['a greater-than', '>'],
    ['zero', '0'],
    ['inner spaces', 'a b'],
    ['outer spaces', ' a '],
    ['a dash', '-'],
    ['path parts', '../..'],
    ['a percent sign', '%2E'],
    ['an emoji', '🙂'],
    ['a family emoji', '👨‍👩‍👧'],
    ['composed letters', 'zoë'],
    ['a combining mark alone', '\u0301'],
    ['a line break', 'a\nb'],
    ['a zero-width space', '\u200b'],
    ['255 ASCII bytes', 'x'.repeat(255)],
    ['255 bytes in two-byte letters', `${'é'.repeat(127)}x`],
    ['252 bytes in emoji', '🙂'.repeat(63)],
    ['a prototype member', '__proto__'],
  ])('may be %s', (_, text) => {
    expect(isStreamKey(text)).toBe(true)
    expect(keyOf(parseStreamId(`cart-${text}`))).toBe(text)
    expect(parseAggregateId(text)).toBe(text)
  })

  test.each([
    ['empty', ''],
    ['a space', ' '],
    ['white space of several kinds', ' \t\n\u00a0\u2003\u3000'],
    ['256 ASCII bytes', 'x'.repeat(256)],
    ['256 bytes in two-byte letters', 'é'.repeat(128)],
    ['256 bytes in emoji', '🙂'.repeat(64)],
    ['a lone high surrogate', 'a\ud83d'],
    ['a lone low surrogate', '\ude42a'],
    ['decomposed', 'zoe\u0308'],
    ['a compatibility form that NFC changes', '\u212b'],
    ['U+0000 inside', 'a\0b'],
  ])('may not be %s', (_, text) => {
    expect(isStreamKey(text)).toBe(false)
    expect(isStreamId(`cart-${text}`)).toBe(false)
    expect(() => createStreamId('cart', text)).toThrow(refusal('key'))
    expect(() => parseAggregateId(text)).toThrow(refusal('aggregate id'))
  })
})

describe('a category', () => {
  test.each(['a', 'a1', 'a_b', 'order_line2', 'x'.repeat(63)])('may be %j', (text) => {
    expect(isCategory(text)).toBe(true)
    expect(categoryOf(createStreamId(text, '1'))).toBe(text)
  })

  test.each(['', 'A', 'Cart', 'cArt', '1a', '_a', 'a-b', 'a b', 'a.b', 'é', 'x'.repeat(64), 'a\n'])(
    'may not be %j',
    (text) => {
      expect(isCategory(text)).toBe(false)
      expect(() => createStreamId(text, '1')).toThrow(refusal('category'))
    },
  )
})

describe('a stream id', () => {
  test('splits at the first dash only', () => {
    const id = parseStreamId('billing-invoice-2026-1')
    expect([categoryOf(id), keyOf(id)]).toEqual(['billing', 'invoice-2026-1'])
  })

  test('joins and splits without loss, and different parts give different ids', () => {
    fc.assert(
      fc.property(category, key, category, key, (c1, k1, c2, k2) => {
        const [a, b] = [createStreamId(c1, k1), createStreamId(c2, k2)]
        expect([categoryOf(a), keyOf(a)]).toEqual([c1, k1])
        expect(parseStreamId(a)).toBe(a)
        expect(a === b).toBe(c1 === c2 && k1 === k2)
      }),
    )
  })

  test.each(['', '-', 'cart', 'cart-', '-42', 'Cart-42', ' cart-42', 'cart 42'])('%j is refused', (text) => {
    expect(isStreamId(text)).toBe(false)
    expect(() => parseStreamId(text)).toThrow(refusal('stream id'))
  })

  test('the refusal names the field the caller gave and states the rule', () => {
    expect(() => parseStreamId('nope', 'writes.0.streamId')).toThrow(
      /^writes\.0\.streamId: must be a lower-case category .* a dash, and a key of 1 to 255 bytes/,
    )
  })

  test.each([[undefined], [null], [42], [{}], [['cart-1']]])(
    'untyped %j is refused, not crashed on',
    (value) => {
      const text = value as unknown as string
      expect([isStreamId(text), isStreamKey(text), isCategory(text)]).toEqual([false, false, false])
      expect(() => parseStreamId(text)).toThrow(refusal('stream id'))
    },
  )
})
