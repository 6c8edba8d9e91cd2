import { readFileSync } from 'node:fs'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { comparePositions, formatPosition, isAfter, parsePosition } from './position.ts'
import type { Position } from './position.ts'

const golden = JSON.parse(
  readFileSync(new URL('../../golden/v1/positions.json', import.meta.url), 'utf8'),
) as {
  readonly vectors: readonly { readonly position: Position; readonly text: string }[]
  readonly refused: readonly string[]
}
const place = fc.record({
  generation: fc.constant('g1'),
  commit: fc.oneof(fc.nat(3), fc.maxSafeNat()),
  index: fc.oneof(fc.nat(3), fc.nat(999_999_999)),
})

describe('comparing positions', () => {
  test('goes by commit, then by index', () => {
    fc.assert(
      fc.property(place, place, (a, b) => {
        const expected = a.commit === b.commit ? Math.sign(a.index - b.index) : Math.sign(a.commit - b.commit)
        expect(Math.sign(comparePositions(a, b))).toBe(expected)
      }),
    )
  })

  test('of two logs is refused, never guessed', () => {
    expect(() =>
      comparePositions(
        { generation: 'old', commit: 1, index: 0 },
        { generation: 'new', commit: 2, index: 0 },
      ),
    ).toThrow(expect.objectContaining({ code: 'ERR_LOG_REPLACED', expected: 'old', actual: 'new' }))
  })
})

describe('the text of a position', () => {
  test.each(golden.vectors)('$text is the one of version 1', ({ position, text }) => {
    expect(formatPosition(position)).toBe(text)
    expect(parsePosition(text)).toEqual(position)
  })

  test('can be read back', () => {
    fc.assert(
      fc.property(place, (position) => {
        expect(parsePosition(formatPosition(position))).toEqual(position)
      }),
    )
  })

  test.each(golden.refused)('%j is refused', (text) => {
    expect(() => parsePosition(text, 'after')).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_VALUE', field: 'after' }),
    )
  })

  test('what is no text is refused', () => {
    for (const value of [undefined, null, 1, ['g1:1:0']])
      expect(() => parsePosition(value as never)).toThrow('position: must be')
  })

  test('text that is read is the text that is printed: one position, one text', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-z]{1,3}:\d{1,3}:\d{1,3}$/), (text) => {
        let position: Position
        try {
          position = parsePosition(text)
        } catch {
          return
        }
        expect(formatPosition(position)).toBe(text)
      }),
    )
  })
})

test('one place is after another exactly where it compares so', () => {
  const places = [0, 1, 2].flatMap((commit) => [0, 1].map((index) => ({ generation: 'g', commit, index })))
  for (const a of places) for (const b of places) expect(isAfter(a, b)).toBe(comparePositions(a, b) > 0)
})
