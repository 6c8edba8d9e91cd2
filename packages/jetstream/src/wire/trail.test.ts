import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { extendTrail, formatTrail, noTrail, parseTrail, storedTrail, trailLength } from './trail.ts'

const sequences = fc
  .array(fc.integer({ min: 1, max: 2 ** 36 }), { minLength: 1, maxLength: 80 })
  .map((steps) => steps.reduce<number[]>((all, step) => [...all, (all.at(-1) ?? 0) + step], []))

describe('the trail of a stream', () => {
  test('is the newest sequence, and how far it is from each to the next', () => {
    expect(formatTrail([100, 99, 40])).toBe('2s.1.1n')
    expect(parseTrail('2s.1.1n', 101)).toEqual([100, 99, 40])
  })

  test('grows at its front and forgets what is beyond its length', () => {
    fc.assert(
      fc.property(sequences, (all) => {
        const trail = all.reduce(extendTrail, noTrail)
        const newestFirst = all.toReversed().slice(0, trailLength)
        expect(trail).toEqual({
          text: formatTrail(newestFirst),
          length: newestFirst.length,
          newest: newestFirst[0],
        })
        expect(parseTrail(trail.text, 2 ** 50)).toEqual(newestFirst)
      }),
    )
  })

  test('goes on from the one that was stored', () => {
    const trail = [3, 9, 200].reduce(extendTrail, noTrail)
    expect(storedTrail(trail.text, 201)).toEqual(trail)
    expect(extendTrail(storedTrail(trail.text, 201), 201).text).toBe(formatTrail([201, 200, 9, 3]))
  })

  test.each([
    ['nothing', ''],
    ['a gap', '2s..1'],
    ['what is no number', '2s.!'],
    ['a way that leads before the first message', '2s.2s'],
    ['a way to itself', '2t.1'],
    ['a way that stands still', '2s.0'],
    ['a way forwards', '2s.-1'],
    ['upper case', '2S.1'],
    ['more than it may hold', formatTrail([100]) + '.1'.repeat(trailLength)],
  ])('with %s is none, and the next begins anew', (_, text) => {
    expect(parseTrail(text, 101)).toBeUndefined()
    expect(extendTrail(storedTrail(text, 101), 7)).toEqual({ text: '7', length: 1, newest: 7 })
  })

  test('begins anew where none was stored', () => {
    expect(storedTrail(undefined, 1)).toBe(noTrail)
  })
})
