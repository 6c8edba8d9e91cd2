import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { runInNewContext } from 'node:vm'

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { jsonSerializer } from './serializer.ts'

const serialize = (data: unknown): string | Uint8Array => jsonSerializer.serialize(data)
const deserialize = (payload: string | Uint8Array): unknown => jsonSerializer.deserialize(payload)
const there = (value: unknown): unknown => deserialize(serialize(value))

const key = fc.oneof(
  fc.string({ maxLength: 4 }),
  fc.string({ unit: 'binary', maxLength: 3 }),
  fc.constantFrom(
    '$',
    '$$',
    '$date',
    '$bigint',
    '$bytes',
    '$$date',
    '__proto__',
    'constructor',
    'toJSON',
    '0',
  ),
)
const leaf = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\0', '\ud800', '\udfff', '"$date', '$bytes', '\u2028', '🙂'),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 1e21, 2 ** 53 + 2),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
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

describe('JSON', () => {
  test('brings every value it takes back as it was', () => {
    fc.assert(
      fc.property(value, (data) => {
        // Not toStrictEqual, which takes a member named `constructor` for the type.
        expect(isDeepStrictEqual(there(data), data)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

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

  test('takes a Buffer as bytes, and a view as what it shows', () => {
    const bytes = new Uint8Array([9, 1, 2, 9]).subarray(1, 3)
    expect(there({ raw: bytes })).toStrictEqual({ raw: new Uint8Array([1, 2]) })
    expect(there(Buffer.from([1, 2]))).toStrictEqual(new Uint8Array([1, 2]))
  })

  test('takes objects without a prototype', () => {
    expect(there(Object.assign(Object.create(null) as object, { a: 1n }))).toStrictEqual({ a: 1n })
  })

  test('takes values made in another realm, as under a test runner with sandboxes', () => {
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
    const data: unknown = JSON.parse('{"__proto__":{"admin":true},"n":{"$n":1}}')
    const back = there(data) as object
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
    expect('admin' in back).toBe(false)
    expect(Object.keys(back)).toEqual(['__proto__', 'n'])
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  test('reads bytes of UTF-8 as it reads text', () => {
    expect(deserialize(Buffer.from('{"a":"é"}'))).toEqual({ a: 'é' })
  })
})

function hasMinusZero(data: unknown): boolean {
  if (Object.is(data, -0)) return true
  return typeof data === 'object' && data !== null && Object.values(data).some(hasMinusZero)
}

describe('JSON refuses, by path,', () => {
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
    ['undefined in an array', { list: [undefined] }, 'data.list.0'],
    ['a hole in an array', { list: sparse }, 'data.list.0'],
    ['a Map', { a: new Map([[1, 2]]) }, 'data.a'],
    ['a Set', { a: new Set([1]) }, 'data.a'],
    ['a URL', { a: new URL('https://example.org') }, 'data.a'],
    ['a RegExp', { a: /x/ }, 'data.a'],
    ['an Error', { a: new Error('x') }, 'data.a'],
    ['a class instance', { price: new Money() }, 'data.price'],
    ['other typed arrays', { a: new Float64Array(1) }, 'data.a'],
    ['an ArrayBuffer', { a: new ArrayBuffer(1) }, 'data.a'],
    ['a boxed number', { a: Object(1) as unknown }, 'data.a'],
    ['a promise', { a: Promise.resolve(1) }, 'data.a'],
    ['an object with toJSON', { a: { toJSON: () => 'x' } }, 'data.a.toJSON'],
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
