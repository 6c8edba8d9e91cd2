import { ok, throws } from 'node:assert'
import { isDeepStrictEqual } from 'node:util'
import { runInNewContext } from 'node:vm'

import { isMillraceError } from '@millrace/contracts'
import fc from 'fast-check'

import { same } from '../suite/assertions.ts'
import type { ContractCase } from '../suite/contract-case.ts'
import { anyValue } from './any-value.ts'
import type { SerializerUnderTest } from './declaration.ts'

/** A promise of the port, checked with one serializer. */
export type SerializerCase = ContractCase<SerializerUnderTest>

function promise(name: string, check: (under: SerializerUnderTest) => void): SerializerCase {
  return { name, run: async (under) => await Promise.resolve(check(under)) }
}

const there = ({ serializer }: SerializerUnderTest, value: unknown): unknown =>
  serializer.deserialize(serializer.serialize(value))

class Money {
  readonly amount = 1
}

function sparse(): unknown[] {
  const list: unknown[] = []
  list[1] = 'x'
  return list
}

/** What nobody can bring back, and where it is. */
const refused: readonly (readonly [what: string, data: unknown, field: string])[] = [
  ['undefined', undefined, 'data'],
  ['NaN', { total: Number.NaN }, 'data.total'],
  ['infinity', [1, -Infinity], 'data.1'],
  ['a function', { a: { b: () => 1 } }, 'data.a.b'],
  ['a symbol', { a: Symbol('x') }, 'data.a'],
  ['an invalid Date', { at: new Date(Number.NaN) }, 'data.at'],
  ['undefined in an array', { list: [undefined] }, 'data.list.0'],
  ['a hole in an array', { list: sparse() }, 'data.list.0'],
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
]

function refuses({ serializer }: SerializerUnderTest, data: unknown, field: string): void {
  throws(
    () => serializer.serialize(data),
    (error) => isMillraceError(error) && Reflect.get(error, 'field') === field,
    `it has to be refused as an InvalidValueError at ${field}`,
  )
}

const valueCases: readonly SerializerCase[] = [
  promise('every value it takes comes back as it was', (under) =>
    fc.assert(
      fc.property(anyValue(under), (data) => isDeepStrictEqual(there(under, data), data)),
      { numRuns: 1_000 },
    ),
  ),
  promise('members keep their order', (under) => {
    same(Object.keys(there(under, { b: 1n, a: 1, zz: 1, y: 1 }) as object), ['b', 'a', 'zz', 'y'])
  }),
  promise('members that are undefined are left out', (under) => {
    same(there(under, { a: undefined, b: [{ c: undefined }] }), { b: [{}] })
  }),
  promise('a Buffer is bytes, a view is what it shows, and what was read changes with nothing', (under) => {
    const view = new Uint8Array([9, 1, 2, 9]).subarray(1, 3)
    same(there(under, { raw: view }), { raw: new Uint8Array([1, 2]) })
    same(there(under, Buffer.from([1, 2])), new Uint8Array([1, 2]))
    const payload = under.serializer.serialize(new Uint8Array([1, 2]))
    const read = under.serializer.deserialize(payload)
    if (typeof payload !== 'string') payload.fill(0)
    same(read, new Uint8Array([1, 2]))
  }),
  promise('objects without a prototype, and values of another realm, are values', (under) => {
    same(there(under, Object.assign(Object.create(null) as object, { a: 1n })), { a: 1n })
    const foreign: unknown = runInNewContext(
      '({ at: new Date(5), raw: new Uint8Array([7]), list: [{ n: 1n }], plain: { a: 1 } })',
    )
    const own = { at: new Date(5), raw: new Uint8Array([7]), list: [{ n: 1n }], plain: { a: 1 } }
    same(there(under, foreign), own)
  }),
  promise('a member named __proto__ sets no prototype', (under) => {
    const back = there(under, JSON.parse('{"__proto__":{"admin":true},"n":{"$n":1}}')) as object
    same(Object.getPrototypeOf(back), Object.prototype)
    same('admin' in back, false)
    same(Object.keys(back), ['__proto__', 'n'])
    same(({} as { readonly admin?: boolean }).admin, undefined)
  }),
]

const refusalCases: readonly SerializerCase[] = [
  ...refused.map(([what, data, field]) =>
    promise(`${what} is refused by path`, (under) => refuses(under, data, field)),
  ),
  promise('a circle is refused, and no hang', ({ serializer }) => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    throws(() => serializer.serialize(circle))
  }),
  promise('a lone surrogate comes back, or is refused by path', (under) => {
    if (under.loneSurrogates)
      same(there(under, { a: ['\ud800'], '\udfff': 1 }), { a: ['\ud800'], '\udfff': 1 })
    else {
      refuses(under, { a: ['\ud800'] }, 'data.a.0')
      refuses(under, { a: { '\udfff': 1 } }, 'data.a')
    }
  }),
  promise('a Date comes back to the millisecond, and is refused by path beyond the farthest', (under) => {
    const farthest = Number.isFinite(under.farthestDate) ? under.farthestDate - 1 : 8_640_000_000_000_000
    for (const ms of [farthest, farthest - 1, -farthest, 1 - farthest, 5])
      same(there(under, new Date(ms)), new Date(ms))
    if (!Number.isFinite(under.farthestDate)) return
    refuses(under, { at: new Date(under.farthestDate) }, 'data.at')
    refuses(under, { at: new Date(-under.farthestDate) }, 'data.at')
  }),
]

const payloadCases: readonly SerializerCase[] = [
  promise('payloads have a content type, and are text or bytes', ({ serializer }) => {
    ok(/^[\w.+-]+\/[\w.+-]+$/.test(serializer.contentType))
    const payload = serializer.serialize({ a: 1 })
    ok(typeof payload === 'string' || payload instanceof Uint8Array)
  }),
  promise('bytes are read as a driver gives them', ({ serializer }) => {
    same(serializer.deserialize(Buffer.from(serializer.serialize({ a: 'é' }))), { a: 'é' })
  }),
  promise(
    'what is cut off or broken is refused, or is another value that can be written',
    ({ serializer }) => {
      const whole = Buffer.from(
        serializer.serialize({ list: [1n, new Date(5), 'text'], raw: new Uint8Array([1]) }),
      )
      const read = (payload: Uint8Array): void => {
        let value
        try {
          value = serializer.deserialize(payload)
        } catch {
          return
        }
        serializer.serialize(value)
      }
      for (let length = 0; length < whole.length; length++)
        throws(
          () => serializer.deserialize(whole.subarray(0, length)),
          `the first ${length} bytes are no payload`,
        )
      const broken = fc.record({ at: fc.nat(whole.length - 1), byte: fc.nat(255) })
      fc.assert(fc.property(broken, ({ at, byte }) => read(Buffer.from(whole).fill(byte, at, at + 1))))
      fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => read(bytes)))
    },
  ),
]

/** Every promise of the port. */
export const serializerCases: readonly SerializerCase[] = [...valueCases, ...refusalCases, ...payloadCases]
