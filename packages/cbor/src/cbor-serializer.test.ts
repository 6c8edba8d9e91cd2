import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { runInNewContext } from 'node:vm'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { cborSerializer } from './cbor-serializer.ts'

const serialize = (data: unknown): Uint8Array => {
  const payload = cborSerializer.serialize(data)
  if (typeof payload === 'string') throw new Error('CBOR is bytes')
  return payload
}
const deserialize = (payload: string | Uint8Array): unknown => cborSerializer.deserialize(payload)
const there = (value: unknown): unknown => deserialize(serialize(value))
const hex = (payload: Uint8Array): string => Buffer.from(payload).toString('hex')

const wellFormed = fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed())
const key = fc.oneof(
  fc.string({ maxLength: 4 }),
  fc.constantFrom('$date', '__proto__', 'constructor', 'toJSON', '0', '', '\ufeffa'),
)
const leaf = fc.oneof(
  wellFormed,
  fc.constantFrom('\0', '\u2028', '🙂', '\ufeff', '\ufeffa', '\ufffd'),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 1e21, 2 ** 53 + 2, 2 ** 64),
  fc.bigInt(),
  fc.constantFrom(0n, -1n, 1n, 2n ** 64n, -(2n ** 64n) - 1n),
  fc.date({ noInvalidDate: true, min: new Date(1 - 2 ** 51), max: new Date(2 ** 51 - 1) }),
  fc.uint8Array({ maxLength: 20 }),
  fc.boolean(),
  fc.constant(null),
)
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}))

describe('CBOR', () => {
  test('brings every value it takes back as it was', () => {
    fc.assert(
      fc.property(value, (data) => {
        // Not toStrictEqual, which takes a member named `constructor` for the type.
        expect(isDeepStrictEqual(there(data), data)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })

  test('keeps times to the millisecond, to the end of its range', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), (before) => {
        const late = new Date(2 ** 51 - 1 - before)
        expect(there(late)).toStrictEqual(late)
      }),
    )
  })

  test('keeps the order of keys', () => {
    expect(Object.keys(there({ b: 1n, a: 1, zz: 1, y: 1 }) as object)).toEqual(['b', 'a', 'zz', 'y'])
  })

  test('leaves out members that are undefined', () => {
    expect(there({ a: undefined, b: [{ c: undefined }] })).toStrictEqual({ b: [{}] })
  })

  test('takes a Buffer as bytes, and a view as what it shows, and copies what it reads', () => {
    const bytes = new Uint8Array([9, 1, 2, 9]).subarray(1, 3)
    expect(there({ raw: bytes })).toStrictEqual({ raw: new Uint8Array([1, 2]) })
    expect(there(Buffer.from([1, 2]))).toStrictEqual(new Uint8Array([1, 2]))
    const payload = serialize(new Uint8Array([1, 2]))
    const read = deserialize(payload)
    payload.fill(0)
    expect(read).toStrictEqual(new Uint8Array([1, 2]))
  })

  test('takes objects without a prototype, and values made in another realm', () => {
    expect(there(Object.assign(Object.create(null) as object, { a: 1n }))).toStrictEqual({ a: 1n })
    const foreign: unknown = runInNewContext(
      '({ at: new Date(5), raw: new Uint8Array([7]), list: [{ n: 1n }], plain: { a: 1 } })',
    )
    expect(there(foreign)).toStrictEqual({
      at: new Date(5),
      raw: new Uint8Array([7]),
      list: [{ n: 1n }],
      plain: { a: 1 },
    })
  })

  test('sets no prototype through a member named __proto__', () => {
    const back = there(JSON.parse('{"__proto__":{"admin":true}}')) as object
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
    expect('admin' in back).toBe(false)
    expect(Object.keys(back)).toEqual(['__proto__'])
  })

  test('reads a Buffer, as drivers give it', () => {
    expect(deserialize(Buffer.from(serialize({ a: 'é' })))).toEqual({ a: 'é' })
  })
})

describe('CBOR refuses, by path,', () => {
  class Money {
    readonly amount = 1
  }
  const sparse: unknown[] = []
  sparse[1] = 'x'

  test.each([
    ['undefined', undefined, 'data'],
    ['NaN', { total: NaN }, 'data.total'],
    ['infinity', [1, -Infinity], 'data.1'],
    ['a function', { a: { b: () => 1 } }, 'data.a.b'],
    ['a symbol', { a: Symbol('x') }, 'data.a'],
    ['an invalid Date', { at: new Date(NaN) }, 'data.at'],
    ['a Date too far away', { at: new Date(2 ** 51) }, 'data.at'],
    ['a Date too long ago', { at: new Date(-(2 ** 51)) }, 'data.at'],
    ['a lone surrogate', { a: ['\ud800'] }, 'data.a.0'],
    ['a key with a lone surrogate', { a: { '\udfff': 1 } }, 'data.a'],
    ['undefined in an array', { list: [undefined] }, 'data.list.0'],
    ['a hole in an array', { list: sparse }, 'data.list.0'],
    ['a Map', { a: new Map([[1, 2]]) }, 'data.a'],
    ['a Set', { a: new Set([1]) }, 'data.a'],
    ['a RegExp', { a: /x/ }, 'data.a'],
    ['an Error', { a: new Error('x') }, 'data.a'],
    ['a class instance', { price: new Money() }, 'data.price'],
    ['other typed arrays', { a: new Float64Array(1) }, 'data.a'],
    ['an ArrayBuffer', { a: new ArrayBuffer(1) }, 'data.a'],
    ['a boxed number', { a: Object(1) as unknown }, 'data.a'],
  ])('%s', (_, data, field) => {
    expect(() => serialize(data)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_VALUE', field }))
  })

  test('a circle, with an error and not with a hang', () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    expect(() => serialize(circle)).toThrow(RangeError)
  })
})

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
