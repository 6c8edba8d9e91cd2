import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

import type { Envelope } from '../envelope/envelope.ts'
import { parseEventId } from '../ids/ulid.ts'
import { defineEvents } from './define-events.ts'
import type { EventDefinitions } from './define-events.ts'

const line = z.object({ sku: z.string(), quantity: z.int().positive() })
const Cart = defineEvents({
  ItemAdded: { schema: z.object({ lines: z.array(line) }), version: 2 },
  CheckedOut: z.object({}),
  'cart.note:taken': z.string(),
})

function schemaOf(validate: StandardSchemaV1.Props['validate']): StandardSchemaV1 {
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

function envelope(type: string, data: unknown, schemaVersion = 1): Envelope {
  return { type, data, schemaVersion, version: 1 } as unknown as Envelope
}

const refusal = (message: string | RegExp): unknown =>
  expect.objectContaining({
    code: 'ERR_EVENT_SERIALIZATION',
    message: expect.stringMatching(message) as string,
  })

describe('a creator', () => {
  test('makes a new event of its type and current version', () => {
    expect(Cart.ItemAdded({ lines: [] })).toEqual({
      type: 'ItemAdded',
      schemaVersion: 2,
      data: { lines: [] },
    })
    expect(Cart['cart.note:taken']('hi')).toEqual({ type: 'cart.note:taken', schemaVersion: 1, data: 'hi' })
  })

  test('needs no data where the schema accepts {}', () => {
    expect(Cart.CheckedOut()).toEqual({ type: 'CheckedOut', schemaVersion: 1, data: {} })
  })

  test('carries the options on, but never another type, version or data', () => {
    const options = {
      id: parseEventId('01ARZ3NDEKTSV4RRFFQ69G5FAV'),
      tags: ['a'],
      metadata: { tenant: 't1' },
    }
    expect(Cart.CheckedOut({}, options)).toEqual({
      type: 'CheckedOut',
      schemaVersion: 1,
      data: {},
      ...options,
    })
    const sly = { type: 'Other', schemaVersion: 9, data: 1 } as never
    expect(Cart.CheckedOut({}, sly)).toEqual({ type: 'CheckedOut', schemaVersion: 1, data: {} })
  })

  test('gives what the schema makes of the input', () => {
    const Note = defineEvents({ Taken: z.object({ text: z.string().trim().default('none') }) })
    expect(Note.Taken({ text: ' hi ' }).data).toEqual({ text: 'hi' })
    expect(Note.Taken().data).toEqual({ text: 'none' })
  })

  test('names the type and the path of wrong data', () => {
    const wrong = {
      lines: [
        { sku: 'a', quantity: 1 },
        { sku: 'b', quantity: 0 },
      ],
    }
    expect(() => Cart.ItemAdded(wrong)).toThrow(refusal(/^event ItemAdded: data\.lines\.1\.quantity: /))
    expect(() => Cart['cart.note:taken'](7 as never)).toThrow(refusal(/^event cart\.note:taken: data: /))
  })

  test('reads the paths of schemas whose segments are objects or symbols', () => {
    const issue = { message: 'wrong', path: [{ key: 'a' }, 0, Symbol('s')] }
    const { Odd } = defineEvents({ Odd: schemaOf(() => ({ issues: [issue] })) })
    expect(() => Odd()).toThrow(refusal(/^event Odd: data\.a\.0\.Symbol\(s\): wrong$/))
  })

  test('accepts a schema that is a function, as some libraries make them', () => {
    const schema = Object.assign(
      () => undefined,
      schemaOf((value) => ({ value })),
    )
    expect(defineEvents({ Any: schema }).Any(5).data).toBe(5)
  })

  test('refuses an asynchronous schema', () => {
    const { Checked } = defineEvents({
      Checked: z.object({ a: z.string().refine(() => Promise.resolve(true)) }),
    })
    expect(() => Checked({ a: 'x' })).toThrow(refusal('event schemas are synchronous'))
  })

  test('ends no process by the late rejection of an asynchronous schema', async () => {
    const { Late } = defineEvents({ Late: schemaOf(() => Promise.reject(new Error('late'))) })
    expect(() => Late()).toThrow(refusal('event schemas are synchronous'))
    // An unhandled rejection would fail this run.
    await new Promise((resolve) => setImmediate(resolve))
  })

  test('wraps what a schema throws', () => {
    const failure = new Error('bug')
    const { Broken } = defineEvents({
      Broken: schemaOf(() => {
        throw failure
      }),
    })
    expect(() => Broken()).toThrow(refusal('its schema threw'))
    expect(() => Broken()).toThrow(expect.objectContaining({ cause: failure }))
  })
})

describe('the registry', () => {
  test('lists the types in order and knows their versions', () => {
    expect(Cart.$.types).toEqual(['ItemAdded', 'CheckedOut', 'cart.note:taken'])
    expect(Cart.$.versionOf('ItemAdded')).toBe(2)
    expect(Cart.$.versionOf('CheckedOut')).toBe(1)
    expect(() => Cart.$.versionOf('Unknown')).toThrow(
      expect.objectContaining({ code: 'ERR_UNKNOWN_EVENT_VERSION' }),
    )
    expect(() => Cart.$.versionOf('toString')).toThrow(expect.objectContaining({ eventType: 'toString' }))
  })

  test('says whether it has a type, whatever the data', () => {
    expect(Cart.$.has(envelope('ItemAdded', 'nonsense', 99))).toBe(true)
    expect(Cart.$.has(envelope('constructor', {}))).toBe(false)
  })

  test('parses an envelope and leaves the rest of it alone', () => {
    const recorded = envelope('ItemAdded', { lines: [{ sku: 'a', quantity: 2 }] }, 2)
    expect(Cart.$.parse(recorded)).toEqual(recorded)
  })

  test.each([
    ['an unknown type', envelope('Unknown', {})],
    ['an old version', envelope('ItemAdded', { lines: [] }, 1)],
    ['a version of the future', envelope('ItemAdded', { lines: [] }, 3)],
  ])('refuses %s', (_, recorded) => {
    expect(() => Cart.$.parse(recorded)).toThrow(
      expect.objectContaining({ code: 'ERR_UNKNOWN_EVENT_VERSION', schemaVersion: recorded.schemaVersion }),
    )
  })

  test('refuses stored data that breaks the schema', () => {
    expect(() => Cart.$.parse(envelope('ItemAdded', {}, 2))).toThrow(
      refusal(/^event ItemAdded: data\.lines: /),
    )
  })
})

describe('a definition', () => {
  test.each([
    ['event type ""', { '': z.string() }],
    ['event type "$x"', { $x: z.string() }],
    ['event type "a b"', { 'a b': z.string() }],
    ['event A: schema', { A: null }],
    ['event A: schema', { A: {} }],
    ['event A: schema', { A: { version: 1 } }],
    ['event A: schema', { A: { '~standard': {} } }],
    ['event A: version', { A: { schema: z.string(), version: 0 } }],
    ['event A: version', { A: { schema: z.string(), version: 1.5 } }],
    ['event A: version', { A: { schema: z.string() } }],
  ])('is refused by %s (case %#)', (field, definitions) => {
    expect(() => defineEvents(definitions as unknown as EventDefinitions)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_VALUE', field }),
    )
  })

  test('may use names that objects are born with', () => {
    const Odd = defineEvents({ constructor: z.string(), toString: z.number() })
    expect(Odd.constructor('x').data).toBe('x')
    expect(Odd.$.types).toEqual(['constructor', 'toString'])
  })
})
