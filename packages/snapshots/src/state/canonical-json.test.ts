import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { canonicalJson } from './canonical-json.ts'

const canonicalOf = (text: string): string => canonicalJson(JSON.parse(text))

/** The same value with its members in another order. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, item]) => [key, shuffled(item)]),
  )
}

describe('canonical JSON', () => {
  // The examples of RFC 8785, sections 3.2.2 and 3.2.3.
  test('is what RFC 8785 says', () => {
    const text = String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`
    expect(canonicalOf(text)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    )
    const keys = String.raw`{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}`
    expect(Object.values(JSON.parse(canonicalOf(keys)) as object)).toHaveLength(7)
    expect([...canonicalOf(keys).matchAll(/:(\d)/g)].map(([, n]) => Number(n))).toEqual([2, 4, 6, 7, 1, 5, 3])
  })

  test('knows no order of members, nor a negative zero', () => {
    expect(canonicalOf('{"b":-0,"a":[{"d":1,"c":2}]}')).toBe('{"a":[{"c":2,"d":1}],"b":0}')
    expect(canonicalOf('{"a":-0}')).toBe('{"a":0}')
    expect(canonicalOf('{"10":1,"2":2}')).toBe('{"10":1,"2":2}')
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const [one, other] = [JSON.stringify(value), JSON.stringify(shuffled(value))]
        expect(canonicalOf(other)).toBe(canonicalOf(one))
        expect(JSON.parse(canonicalOf(one))).toEqual(JSON.parse(one))
      }),
    )
  })

  test('tells different values apart', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const [a, b] = [JSON.stringify(one), JSON.stringify(other)]
        const isSame = canonicalOf(a) === canonicalOf(b)
        expect(isSame).toBe(canonicalOf(JSON.stringify(shuffled(one))) === canonicalOf(b))
      }),
    )
    expect(canonicalOf('{"a":"1"}')).not.toBe(canonicalOf('{"a":1}'))
    expect(canonicalOf('["a,b"]')).not.toBe(canonicalOf('["a","b"]'))
  })
})
