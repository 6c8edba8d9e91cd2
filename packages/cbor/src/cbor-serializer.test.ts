import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { cborSerializer } from './cbor-serializer.ts'

const serialize = (data: unknown): Uint8Array => {
  const payload = cborSerializer.serialize(data)
  if (typeof payload === 'string') throw new Error('CBOR is bytes')
  return payload
}
const deserialize = (payload: string | Uint8Array): unknown => cborSerializer.deserialize(payload)
const hex = (payload: Uint8Array): string => Buffer.from(payload).toString('hex')

// What every serializer promises is checked in tests/upcasting: conformance stands beside this package.
describe('a payload it did not write', () => {
  test.each([
    ['nothing', ''],
    ['half a map', 'a161'],
    ['something behind the end', '0101'],
    ['undefined', 'f7'],
    ['NaN', 'f97e00'],
    ['infinity', 'f97c00'],
    ['an array without a length', '9f01ff'],
    ['text that is no UTF-8', '61ff'],
    ['a number in more bytes than it needs', '1801'],
    ['a whole number past 2^53 that is no bignum', '1b0020000000000000'],
    ['a key twice', 'a2616101616102'],
    ['a key that is no text', 'a10101'],
    ['a tag of a later version', 'c001'],
    ['a time that is text', 'c16161'],
    ['a time that no Date holds', 'c1fb7fefffffffffffff'],
    ['a bignum that is a number', 'c201'],
    ['a tag without content', 'c1'],
  ])('is refused: %s', (_, payload) => {
    expect(() => deserialize(Buffer.from(payload, 'hex'))).toThrow(/./)
  })

  test('is refused where it is text', () => {
    expect(() => deserialize('{}')).toThrow('not text')
  })
})

describe('the payloads of version 1', () => {
  const values: Readonly<Record<string, unknown>> = {
    plain: { sku: 'a', quantity: 2, list: [1.5, -7, true, null] },
    bigint: { amount: 9007199254740993n, small: 1n },
    'negative-bigint': -1n,
    date: { at: new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 6)), whole: new Date(0) },
    bytes: { raw: new Uint8Array([1, 2]) },
    'minus-zero': [-0, 0],
    text: { nul: '\0', emoji: '🙂' },
    proto: JSON.parse('{"__proto__":{"admin":true},"a":1}'),
  }
  const golden = JSON.parse(
    readFileSync(new URL('../golden/v1/cbor-payloads.json', import.meta.url), 'utf8'),
  ) as { readonly vectors: readonly { readonly name: string; readonly payload: string }[] }

  test('are all known here', () => {
    expect(golden.vectors.map(({ name }) => name)).toEqual(Object.keys(values))
  })

  test.each(golden.vectors)('$name is written and read as ever', ({ name, payload }) => {
    expect(hex(serialize(values[name]))).toBe(payload)
    expect(deserialize(Buffer.from(payload, 'hex'))).toStrictEqual(values[name])
  })
})
