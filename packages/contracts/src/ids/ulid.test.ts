import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createIdFactory, isUlid, parseCommitId, parseEventId, ulidTime } from './ulid.ts'

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'.split('')
const crockford = fc.constantFrom(...alphabet)
const canonical = fc
  .tuple(fc.constantFrom(...alphabet.slice(0, 8)), fc.array(crockford, { minLength: 25, maxLength: 25 }))
  .map(([first, rest]) => first + rest.join(''))

/** The 128 bits of an id. */
function numberOf(id: string): bigint {
  return id.split('').reduce((number, digit) => number * 32n + BigInt(alphabet.indexOf(digit)), 0n)
}

describe('isUlid', () => {
  test('accepts every canonical ULID', () => {
    fc.assert(fc.property(canonical, (text) => isUlid(text)))
    expect(isUlid('7ZZZZZZZZZZZZZZZZZZZZZZZZZ')).toBe(true)
    expect(isUlid('00000000000000000000000000')).toBe(true)
  })

  test.each([
    ['lower case', '01arz3ndektsv4rrffq69g5fav'],
    ['more than 128 bits', '80000000000000000000000000'],
    ['25 characters', '01ARZ3NDEKTSV4RRFFQ69G5FA'],
    ['27 characters', '01ARZ3NDEKTSV4RRFFQ69G5FAVA'],
    ['an I', '01ARZ3NDEKTSV4RRFFQ69G5FAI'],
    ['an L', '01ARZ3NDEKTSV4RRFFQ69G5FAL'],
    ['an O', '01ARZ3NDEKTSV4RRFFQ69G5FAO'],
    ['a U', '01ARZ3NDEKTSV4RRFFQ69G5FAU'],
    ['a line break behind', '01ARZ3NDEKTSV4RRFFQ69G5FAV\n'],
    ['a space in front', ' 1ARZ3NDEKTSV4RRFFQ69G5FAV'],
    ['nothing', ''],
    ['a UUID', '123e4567-e89b-12d3-a456-426614174000'],
  ])('refuses %s', (_, text) => {
    expect(isUlid(text)).toBe(false)
  })

  test('refuses what is no text, even where it would print as a ULID', () => {
    expect(isUlid(['01ARZ3NDEKTSV4RRFFQ69G5FAV'])).toBe(false)
    expect(isUlid(null)).toBe(false)
    expect(isUlid(1)).toBe(false)
  })

  test('refuses arbitrary text of the right length unless it is canonical', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 26, maxLength: 26, unit: 'binary-ascii' }), (text) => {
        expect(isUlid(text)).toBe(text.split('').every((c) => alphabet.includes(c)) && text < '8')
      }),
    )
  })
})

describe('parsing', () => {
  test('an id comes back as it was', () => {
    expect(parseEventId('01ARZ3NDEKTSV4RRFFQ69G5FAV')).toBe('01ARZ3NDEKTSV4RRFFQ69G5FAV')
    expect(parseCommitId('01ARZ3NDEKTSV4RRFFQ69G5FAV')).toBe('01ARZ3NDEKTSV4RRFFQ69G5FAV')
  })

  test('bad text names the field and the rule, not the text', () => {
    expect(() => parseEventId('secret', 'event.id')).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_VALUE',
        field: 'event.id',
        message: 'event.id: must be a ULID: 26 characters of upper-case Crockford base 32',
      }),
    )
    expect(() => parseCommitId('nope')).toThrow(expect.objectContaining({ field: 'commit id' }))
  })
})

describe('minting', () => {
  test('ids of one factory grow strictly and are canonical', () => {
    const next = createIdFactory()
    const ids = Array.from({ length: 20_000 }, next)
    expect(ids.every(isUlid)).toBe(true)
    expect(ids.every((id, i) => i === 0 || id > (ids[i - 1] ?? ''))).toBe(true)
  })

  test('a clock that goes back does not make ids go back', () => {
    const times = [1_000, 2_000, 500, 500, 2_000, 2_001]
    const next = createIdFactory(() => times.shift() ?? 2_001)
    const ids = Array.from({ length: 6 }, next)
    expect(ids.toSorted()).toEqual(ids)
    expect(new Set(ids).size).toBe(6)
    expect(ids.map(ulidTime)).toEqual([1_000, 2_000, 2_000, 2_000, 2_000, 2_001])
  })

  test('each further id of a millisecond is one more than the one before it', () => {
    const next = createIdFactory(() => 1_000)
    const numbers = Array.from({ length: 40_000 }, () => numberOf(next()))
    expect(numbers.every((number, i) => i === 0 || number === (numbers[i - 1] ?? 0n) + 1n)).toBe(true)
  })

  test('without a clock that says anything, ids are of now', () => {
    const next = createIdFactory(() => NaN)
    const ids = [next(), next()]
    expect(ids.every(isUlid)).toBe(true)
    expect(ids.every((id) => Math.abs(ulidTime(id) - Date.now()) < 60_000)).toBe(true)
  })

  test('two factories never give one id, also beyond one fill of the pool of random bytes', () => {
    let now = 0
    const [a, b] = [createIdFactory(() => ++now), createIdFactory(() => now)]
    const ids = Array.from({ length: 5_000 }, () => [a(), b()]).flat()
    expect(new Set(ids).size).toBe(ids.length)
    expect(new Set(ids.map((id) => id.slice(10, 12))).size).toBeGreaterThan(900)
  })

  test('the time can be read back, from 1 on', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (time) => {
        expect(ulidTime(createIdFactory(() => time)())).toBe(Math.max(1, time))
      }),
    )
    expect(ulidTime(parseEventId('01ARZ3NDEKTSV4RRFFQ69G5FAV'))).toBe(1_469_922_850_259)
  })
})
