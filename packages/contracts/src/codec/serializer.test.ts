import { readFileSync } from 'node:fs'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { jsonSerializer } from './serializer.ts'

const serialize = (data: unknown): string | Uint8Array => jsonSerializer.serialize(data)
const deserialize = (payload: string | Uint8Array): unknown => jsonSerializer.deserialize(payload)

// What every serializer promises is checked in packages/conformance.
describe('JSON', () => {
  test('writes plain JSON for plain JSON', () => {
    const plainKey = fc.string().filter((text) => !text.startsWith('$'))
    const plain = fc.dictionary(plainKey, fc.jsonValue(), { noNullPrototype: true })
    fc.assert(
      fc.property(plain, (data) => {
        fc.pre(!/"\$|-0/.test(JSON.stringify(data)) && !hasMinusZero(data))
        expect(serialize(data)).toBe(JSON.stringify(data))
      }),
    )
  })

  test('keeps the order of keys', () => {
    expect(serialize({ b: 1n, a: { z: 1, y: 2 } })).toBe('{"b":{"$bigint":"1"},"a":{"z":1,"y":2}}')
  })

  test('leaves out members that are undefined, with and without tags', () => {
    expect(serialize({ a: undefined, b: 1 })).toBe('{"b":1}')
    expect(serialize({ a: undefined, b: 1n })).toBe('{"b":{"$bigint":"1"}}')
  })

  test('reads bytes of UTF-8 as it reads text', () => {
    expect(deserialize(Buffer.from('{"a":"é"}'))).toEqual({ a: 'é' })
  })
})

function hasMinusZero(data: unknown): boolean {
  if (Object.is(data, -0)) return true
  return typeof data === 'object' && data !== null && Object.values(data).some(hasMinusZero)
}

describe('a payload it did not write', () => {
  test.each([
    ['no JSON', '{'],
    ['nothing', ''],
    ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22])],
    ['a date that is none', '{"$date":"yesterday"}'],
    ['a date in another notation', '{"$date":"2026-01-02"}'],
    ['a date that is no text', '{"$date":5}'],
    ['a bigint that is none', '{"$bigint":"1.5"}'],
    ['an empty bigint', '{"$bigint":""}'],
    ['a hexadecimal bigint', '{"$bigint":"0x10"}'],
    ['bytes that are not base64', '{"$bytes":"?!"}'],
    ['bytes without padding', '{"$bytes":"AQ"}'],
    ['a tag of a later version', '{"a":{"$decimal":"1.5"}}'],
    ['a tag beside others', '{"$date":"2026-01-02T03:04:05.006Z","b":1}'],
  ])('is refused: %s', (_, payload) => {
    expect(() => deserialize(payload)).toThrow(/./)
  })
})

describe('the payloads of version 1', () => {
  const proto: unknown = JSON.parse('{"__proto__":{"admin":true}}')
  const values: Readonly<Record<string, unknown>> = {
    plain: { sku: 'a', quantity: 2 },
    bigint: { amount: 9007199254740993n },
    'negative-bigint': -1n,
    date: { at: new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 6)) },
    bytes: { raw: new Uint8Array([1, 2]) },
    'dollar-keys': { $date: 'x', $$ref: [{ $: 1 }] },
    'minus-zero': [-0, 0],
    text: { nul: '\0', lone: '\ud800', emoji: '🙂' },
    proto: Object.defineProperty({ ...(proto as object) }, 'at', { value: new Date(0), enumerable: true }),
  }
  const golden = JSON.parse(
    readFileSync(new URL('../../golden/v1/json-payloads.json', import.meta.url), 'utf8'),
  ) as {
    readonly vectors: readonly { readonly name: string; readonly payload: string }[]
  }

  test('are all known here', () => {
    expect(golden.vectors.map(({ name }) => name)).toEqual(Object.keys(values))
  })

  test.each(golden.vectors)('$name is written and read as ever', ({ name, payload }) => {
    expect(serialize(values[name])).toBe(payload)
    expect(deserialize(payload)).toStrictEqual(values[name])
  })
})
