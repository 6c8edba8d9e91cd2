import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { checkMetadata, copyMetadata } from './check-metadata.ts'
import type { EventMetadata } from './metadata.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanId = '00f067aa0ba902b7'
const complete: EventMetadata = {
  correlationId: 'order 7, attempt 2',
  causationId: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  tenant: 'zoë & søn 🙂',
  actor: { kind: 'service', id: 'checkout' },
  traceparent: `00-${traceId}-${spanId}-01`,
  custom: { ip: '::1', nested: { list: [1, null, true, 'x'] } },
}

const refusal = (field: string): unknown => expect.objectContaining({ code: 'ERR_INVALID_VALUE', field })

function nested(levels: number): unknown {
  let value: unknown = 1
  for (let i = 0; i < levels; i++) value = { a: value }
  return value
}

const circular: Record<string, unknown> = {}
circular['self'] = circular

describe('metadata', () => {
  test('may be empty, or have every field', () => {
    expect(copyMetadata({})).toEqual({})
    expect(copyMetadata(complete)).toEqual(complete)
  })

  test.each([
    ['metadata', null],
    ['metadata', 'text'],
    ['metadata', []],
    ['metadata.userId', { userId: 'u1' }],
    ['metadata.__proto__', JSON.parse('{"__proto__":{"tenant":"t"}}')],
    ['metadata.constructor', { constructor: 'x' }],
    ['metadata.correlationId', { correlationId: '' }],
    ['metadata.correlationId', { correlationId: 7 }],
    ['metadata.correlationId', { correlationId: null }],
    ['metadata.causationId', { causationId: 'a\nb' }],
    ['metadata.causationId', { causationId: 'a\u007fb' }],
    ['metadata.causationId', { causationId: ['01ARZ3NDEKTSV4RRFFQ69G5FAV'] }],
    ['metadata.tenant', { tenant: 'a\0' }],
    ['metadata.tenant', { tenant: '\ud800' }],
    ['metadata.tenant', { tenant: 'x'.repeat(256) }],
    ['metadata.tenant', { tenant: 'é'.repeat(128) }],
    ['metadata.actor', { actor: 'u1' }],
    ['metadata.actor', { actor: null }],
    ['metadata.actor.kind', { actor: { kind: 'robot', id: 'r' } }],
    ['metadata.actor.kind', { actor: { id: 'r' } }],
    ['metadata.actor.id', { actor: { kind: 'user' } }],
    ['metadata.actor.id', { actor: { kind: 'user', id: '' } }],
    ['metadata.actor.name', { actor: { kind: 'user', id: 'u', name: 'Ada' } }],
    ['metadata.traceparent', { traceparent: '' }],
    ['metadata.traceparent', { traceparent: [`00-${traceId}-${spanId}-01`] }],
    ['metadata.traceparent', { traceparent: `01-${traceId}-${spanId}-01` }],
    ['metadata.traceparent', { traceparent: `00-${'0'.repeat(32)}-${spanId}-01` }],
    ['metadata.traceparent', { traceparent: `00-${traceId}-${'0'.repeat(16)}-01` }],
    ['metadata.traceparent', { traceparent: `00-${traceId.toUpperCase()}-${spanId}-01` }],
    ['metadata.traceparent', { traceparent: `00-${traceId}-${spanId}-01-more` }],
    ['metadata.custom', { custom: 'x' }],
    ['metadata.custom', { custom: [1] }],
    ['metadata.custom', { custom: new Map() }],
    ['metadata.custom', { custom: null }],
    ['metadata.custom.a', { custom: { a: 1n } }],
    ['metadata.custom.a', { custom: { a: NaN } }],
    ['metadata.custom.a', { custom: { a: new Date(0) } }],
    ['metadata.custom.a', { custom: { a: () => 1 } }],
    ['metadata.custom.a.1', { custom: { a: [1, undefined] } }],
    ['metadata.custom.a.b', { custom: { a: { b: Symbol('x') } } }],
  ])('is refused by %s (case %#)', (field, metadata) => {
    expect(() => checkMetadata(metadata as EventMetadata)).toThrow(refusal(field))
  })

  test('of an id takes 255 bytes, counted in UTF-8', () => {
    expect(() =>
      checkMetadata({ tenant: 'x'.repeat(255), correlationId: `${'é'.repeat(127)}x` }),
    ).not.toThrow()
  })

  test('of its own takes 8192 bytes of JSON, counted in UTF-8', () => {
    // {"k":"…"} is 8 bytes around the text.
    expect(() => checkMetadata({ custom: { k: 'x'.repeat(8184) } })).not.toThrow()
    expect(() => checkMetadata({ custom: { k: 'x'.repeat(8185) } })).toThrow(refusal('metadata.custom'))
    expect(() => checkMetadata({ custom: { k: 'é'.repeat(4092) } })).not.toThrow()
    expect(() => checkMetadata({ custom: { k: 'é'.repeat(4093) } })).toThrow(refusal('metadata.custom'))
  })

  test('of its own may be 100 levels deep; deeper or circular is refused, not crashed on', () => {
    expect(() => checkMetadata({ custom: nested(100) as never })).not.toThrow()
    for (const custom of [nested(101), nested(50_000), circular])
      expect(() => checkMetadata({ custom: custom as never })).toThrow(
        /metadata\.custom\.\S+: must be at most 100 levels/,
      )
  })

  test('names all its fields to whoever guesses wrong', () => {
    expect(() => checkMetadata({ user: 'u' } as never)).toThrow(
      'metadata.user: must be one of correlationId, causationId, tenant, actor, traceparent, custom; own fields go into custom',
    )
  })
})

describe('a copy of metadata', () => {
  test('is left alone by later changes to the original', () => {
    const original = { actor: { kind: 'user' as const, id: 'u1' }, custom: { list: [1], nested: { a: 1 } } }
    const copy = copyMetadata(original)
    original.actor.id = 'u2'
    original.custom.list.push(2)
    original.custom.nested.a = 2
    expect(copy).toEqual({ actor: { kind: 'user', id: 'u1' }, custom: { list: [1], nested: { a: 1 } } })
  })

  test('leaves out what is undefined', () => {
    const copy = copyMetadata({ tenant: undefined, custom: { a: undefined, b: 1 } } as never)
    expect(Object.keys(copy)).toEqual(['custom'])
    expect(Object.keys(copy.custom ?? {})).toEqual(['b'])
  })

  test('is what its JSON says, for any JSON', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), { maxKeys: 4 }), (custom) => {
        const copy = copyMetadata({ custom: custom as never })
        expect(copy).toEqual(JSON.parse(JSON.stringify({ custom })))
      }),
    )
  })

  test('sets no prototype through a member named __proto__', () => {
    const custom = JSON.parse('{"__proto__":{"admin":true}}') as never
    const copy = copyMetadata({ custom }).custom ?? {}
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
    expect('admin' in copy).toBe(false)
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"admin":true}}')
  })
})
