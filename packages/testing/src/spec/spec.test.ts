import { AssertionError } from 'node:assert'
import { isDeepStrictEqual } from 'node:util'

import { fold } from '@millrace/aggregates'
import { jsonSerializer } from '@millrace/contracts'
import type { NewEvent, Serializer, UpcastHook } from '@millrace/contracts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { added, Cart, cart, noon, SpilledError } from '../../fixtures/cart.ts'
import type { CartState } from '../../fixtures/cart.ts'
import { guardSpecs } from '../vitest/guard-specs.ts'
import { spec } from './spec.ts'

guardSpecs()

/** What an assertion says when it fails. */
function failed(assertion: () => unknown): AssertionError {
  try {
    assertion()
  } catch (error) {
    if (error instanceof AssertionError) return error
    throw error
  }
  throw new Error('the assertion did not fail')
}

/** Whether an assertion holds. */
function holds(assertion: () => unknown): boolean {
  try {
    assertion()
    return true
  } catch (error) {
    if (error instanceof AssertionError) return false
    throw error
  }
}

const addB = { type: 'add', sku: 'b', cents: 7n } as const
const checkOut = { type: 'check-out' } as const
const closed = [added('a'), Cart.CheckedOut()]

describe('a spec of a decider holds', () => {
  test('where exactly the expected events were decided', () => {
    spec(cart)
      .given([added('a')])
      .when(addB)
      .then([added('b', 7n)])
    spec(cart)
      .when({ type: 'add-pair', skus: ['a', 'b'] })
      .then([added('a'), added('b')])
  })

  test('where nothing had to happen', () => {
    spec(cart).when({ type: 'repeat' }).thenNothing().then([])
  })

  test('where the history and what was decided lead to the expected state', () => {
    const after: CartState = { skus: ['a', 'b'], total: 107n, lastAt: noon, isClosed: false }
    spec(cart)
      .given([added('a')])
      .when(addB)
      .then([added('b', 7n)])
      .thenState(after)
      .thenStateMatching({ skus: ['a', 'b'] })
    spec(cart)
      .given([added('a')])
      .given([added('b', 7n)])
      .thenState(after)
      .thenStateMatching({ total: 107n })
  })

  test('where the command was rejected, with its facts or without looking at them', () => {
    spec(cart)
      .given(closed)
      .when(addB)
      .rejects('cart-closed')
      .rejects('cart-closed', { items: 1 })
      .thenStateMatching({ isClosed: true })
  })

  test('where decide threw, by class, text or members', () => {
    spec(cart)
      .when({ type: 'spill' })
      .throws(SpilledError)
      .throws(/all over the floor/)
      .throws({ code: 'ERR_SPILLED' })
  })

  test('over several commands, each on the state that the one before led to', () => {
    spec(cart)
      .when(addB)
      .then([added('b', 7n)])
      .when(checkOut)
      .when(addB)
      .rejects('cart-closed', { items: 1 })
      .when({ type: 'repeat' })
      .rejects('cart-closed')
  })

  test('where some members were asked for', () => {
    spec(cart)
      .when(addB)
      .thenMatching([{ type: 'ItemAdded', data: { sku: 'b' } }])
      .thenMatching([{ type: 'ItemAdded' }])
  })

  test('with members that are undefined, which no store keeps', () => {
    spec(cart)
      .when(addB)
      .then([Cart.ItemAdded({ sku: 'b', cents: 7n, at: noon, note: undefined })])
  })

  test('for histories that several tests go on from', () => {
    const base = spec(cart).given([added('a')])
    base.when(addB).thenStateMatching({ skus: ['a', 'b'] })
    base.when(checkOut).thenStateMatching({ skus: ['a'], isClosed: true })
  })

  test('for a plain decider that knows no definitions', () => {
    const counter = {
      initial: () => 0,
      decide: (state: number, by: number) => [{ type: 'counted' as const, data: state + by }],
      evolve: (_state: number, event: { readonly type: 'counted'; readonly data: number }) => event.data,
    }
    spec(counter)
      .given([{ type: 'counted', data: 2 }])
      .when(3)
      .then([{ type: 'counted', data: 5 }])
      .thenState(5)
  })
})

describe('a spec of a decider fails, and says how,', () => {
  test('for another value', () => {
    const error = failed(() =>
      spec(cart)
        .when(addB)
        .then([added('b', 8n)]),
    )
    expect(error.message).toBe(
      [
        'the event, ItemAdded, is not as expected',
        '',
        '- expected',
        '+ actual',
        '',
        "      type: 'ItemAdded',",
        '      data: {',
        '        at: 2026-01-02T12:00:00.000Z,',
        '-       cents: 8n,',
        '+       cents: 7n,',
        "        sku: 'b'",
        '      },',
        '      schemaVersion: 2',
        '',
      ].join('\n'),
    )
    expect(error.actual).toMatchObject([{ type: 'ItemAdded', data: { cents: 7n } }])
    expect(error.expected).toMatchObject([{ type: 'ItemAdded', data: { cents: 8n } }])
  })

  test('for a missing event', () => {
    const { message } = failed(() =>
      spec(cart)
        .when(addB)
        .then([added('b', 7n), Cart.CheckedOut()]),
    )
    expect(message).toContain('expected 2 events, there is 1')
    expect(message).toContain("-     type: 'CheckedOut',")
    expect(message).not.toMatch(/^\+ {5}/m)
  })

  test('for an event too many', () => {
    const pair = spec(cart).when({ type: 'add-pair', skus: ['a', 'b'] })
    const { message } = failed(() => pair.then([added('a')]))
    expect(message).toContain('expected 1 event, there are 2')
    expect(message).toContain("+       sku: 'b'")
  })

  test('for the wrong order', () => {
    const pair = spec(cart).when({ type: 'add-pair', skus: ['a', 'b'] })
    expect(failed(() => pair.then([added('b'), added('a')])).message).toContain(
      'expected the same events in another order',
    )
  })

  test('for an event of another type', () => {
    expect(
      failed(() =>
        spec(cart)
          .when(checkOut)
          .then([added('b')]),
      ).message,
    ).toContain('expected the event to be ItemAdded, it is CheckedOut')
  })

  test('for the place of the first event that differs', () => {
    const pair = spec(cart).when({ type: 'add-pair', skus: ['a', 'b'] })
    expect(failed(() => pair.then([added('a'), added('c')])).message).toContain(
      'event 2 of 2, ItemAdded, is not as expected',
    )
  })

  test('for a missing and an extra member', () => {
    const withNote = Cart.ItemAdded({ sku: 'b', cents: 7n, at: noon, note: 'gift' })
    const missing = failed(() => spec(cart).when(addB).then([withNote]))
    expect(missing.message).toContain("-       note: 'gift',")
    const chatty = { ...cart, decide: () => [withNote] }
    const extra = failed(() =>
      spec(chatty)
        .when(addB)
        .then([added('b', 7n)]),
    )
    expect(extra.message).toContain("+       note: 'gift',")
  })

  test('for another schema version and for metadata that nobody expected', () => {
    const old = { ...added('b', 7n), schemaVersion: 3 }
    expect(failed(() => spec(cart).when(addB).then([old])).message).toContain('-     schemaVersion: 3')
    const tagged = { ...added('b', 7n), tags: ['x'], metadata: { tenant: 't' } } satisfies NewEvent
    const tagging = { ...cart, decide: (): readonly ReturnType<typeof added>[] => [tagged] }
    const { message } = failed(() =>
      spec(tagging)
        .when(addB)
        .then([added('b', 7n)]),
    )
    expect(message).toContain("+     tags: [\n+       'x'\n+     ]")
    expect(message).toContain("+       tenant: 't'")
  })

  test('for events where the command was rejected or threw', () => {
    expect(
      failed(() =>
        spec(cart)
          .given(closed)
          .when(addB)
          .then([added('b')]),
      ).message,
    ).toBe(
      'expected the command to be accepted; it was rejected: cart-closed, a closed cart takes no more items {"items":1}',
    )
    expect(failed(() => spec(cart).given(closed).when(addB).thenNothing()).message).toContain('cart-closed')
    const error = failed(() => spec(cart).when({ type: 'spill' }).thenState(cart.initial()))
    expect(error.message).toContain('decide threw SpilledError: all over the floor')
    expect(error.cause).toBeInstanceOf(SpilledError)
  })

  test('for something where nothing had to happen', () => {
    expect(failed(() => spec(cart).when(addB).thenNothing()).message).toContain(
      'expected 0 events, there is 1',
    )
  })

  test('for events or an error where a rejection was expected', () => {
    expect(failed(() => spec(cart).when(addB).rejects('cart-closed')).message).toBe(
      'expected the command to be rejected with cart-closed; it was accepted with ItemAdded',
    )
    expect(failed(() => spec(cart).when({ type: 'repeat' }).rejects('cart-closed')).message).toContain(
      'it was accepted with no event',
    )
    expect(failed(() => spec(cart).when({ type: 'spill' }).rejects('cart-closed')).message).toContain(
      'SpilledError',
    )
  })

  test('for another rejection, and for facts too many, too few or others', () => {
    const refused = spec(cart).given(closed).when(addB)
    const other = failed(() => refused.rejects('cart-full'))
    expect(other.message).toContain('rejected in another way: a closed cart takes no more items')
    expect(other.message).toContain("-   code: 'cart-full'\n+   code: 'cart-closed'")
    expect(failed(() => refused.rejects('cart-closed', { items: 2 })).message).toContain('+     items: 1')
    expect(failed(() => refused.rejects('cart-closed', {})).message).toContain('+     items: 1')
    expect(failed(() => refused.rejects('cart-closed', { items: 1, sku: 'a' })).message).toContain(
      "-     sku: 'a'",
    )
  })

  test('for an error that was not thrown, or another one', () => {
    expect(failed(() => spec(cart).when(addB).throws(SpilledError)).message).toBe(
      'expected the command to throw; it was accepted with ItemAdded',
    )
    const spilling = spec(cart).when({ type: 'spill' })
    expect(failed(() => spilling.throws(/on the table/)).message).toContain('all over the floor')
    expect(failed(() => spilling.throws({ code: 'ERR_OTHER' })).message).toContain('ERR_OTHER')
    expect(failed(() => spilling.throws(TypeError)).message).toContain('TypeError')
  })

  test('for another state, after a command and after a history', () => {
    const base = spec(cart).given([added('a')])
    const wrong: CartState = { skus: [], total: 100n, lastAt: noon, isClosed: false }
    expect(failed(() => base.thenState(wrong)).message).toContain("+     'a'")
    const after = failed(() => base.when(checkOut).thenState(wrong))
    expect(after.message).toContain('the state afterwards is not as expected')
    expect(after.message).toContain('-   isClosed: false')
    expect(failed(() => base.thenStateMatching({ total: 1n })).message).toContain(
      '-   total: 1n\n+   total: 100n',
    )
    expect(failed(() => base.when(checkOut).thenStateMatching({ skus: [] })).message).toContain("+     'a'")
  })

  test('for a member of a partial match, showing only the members it names', () => {
    const { message } = failed(() =>
      spec(cart)
        .when(addB)
        .thenMatching([{ type: 'ItemAdded', data: { sku: 'c' } }]),
    )
    expect(message).toContain("-       sku: 'c'\n+       sku: 'b'")
    expect(message).not.toContain('cents')
    const pair = spec(cart).when({ type: 'add-pair', skus: ['a', 'b'] })
    expect(failed(() => pair.thenMatching([{ type: 'ItemAdded' }])).message).toContain("+       sku: 'b'")
    expect(
      failed(() => pair.thenMatching([{ type: 'ItemAdded' }, { type: 'ItemAdded' }, { type: 'CheckedOut' }]))
        .message,
    ).toContain("-     type: 'CheckedOut'")
  })

  test('for a rejection in the middle that nobody expected', () => {
    const twice = spec(cart).given(closed).when(addB)
    expect(failed(() => twice.when(addB)).message).toContain(
      'expected the command to be accepted; it was rejected',
    )
  })

  test('where the test stands, not in this package', () => {
    const { stack = '' } = failed(() => spec(cart).when(addB).thenNothing())
    const [, first] = stack
      .split('\n')
      .filter((line) => line.startsWith('    at ') || line.startsWith('Assertion'))
    expect(first).toContain('spec.test.ts')
  })
})

describe('for any history', () => {
  const event = fc
    .record({ sku: fc.string(), cents: fc.bigInt(), at: fc.date({ noInvalidDate: true }) })
    .map((data) => Cart.ItemAdded(data))
  const events = fc.array(event, { maxLength: 5 })

  test('the state is the one that a fold gives', () => {
    fc.assert(
      fc.property(events, (history) => {
        spec(cart).given(history).thenState(fold(cart, history))
      }),
    )
  })

  test('exactly the same events in the same order hold', () => {
    fc.assert(
      fc.property(events, events, (decidedEvents, expected) => {
        const decision = spec({ ...cart, decide: () => decidedEvents }).when(checkOut)
        decision.then([...decidedEvents])
        expect(holds(() => decision.then(expected))).toBe(isDeepStrictEqual(decidedEvents, expected))
      }),
    )
  })
})

describe('what is given is really applied', () => {
  test('through the serializer that the store is given', () => {
    const lossy: Serializer = {
      contentType: 'application/x-lossy',
      serialize: (data) =>
        JSON.stringify(data, (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)),
      deserialize: (payload) => JSON.parse(String(payload)) as unknown,
    }
    expect(() => spec(cart, { serializer: lossy }).given([added('a')])).toThrow(/ItemAdded: data\.cents/)
    expect(() =>
      spec(cart, { serializer: jsonSerializer })
        .given([added('a')])
        .thenStateMatching({}),
    ).not.toThrow()
  })

  test('through the upcasters that readers have', () => {
    const upcast: UpcastHook = (envelope) => {
      if (envelope.schemaVersion === 2) return [envelope]
      const { sku, price } = envelope.data as { readonly sku: string; readonly price: number }
      return [
        { ...envelope, schemaVersion: 2, data: { sku, cents: BigInt(price * 100), at: envelope.occurredAt } },
      ]
    }
    const old = { type: 'ItemAdded', schemaVersion: 1, data: { sku: 'a', price: 1 }, occurredAt: noon }
    spec(cart, { upcast })
      .givenStored([old])
      .given([added('b')])
      .thenState({ skus: ['a', 'b'], total: 200n, lastAt: noon, isClosed: false })
    // Without them the old version is refused, as is data that breaks the schema.
    expect(() => spec(cart).givenStored([old])).toThrow(
      expect.objectContaining({ code: 'ERR_UNKNOWN_EVENT_VERSION' }),
    )
    const broken = { type: 'ItemAdded', schemaVersion: 2, data: { sku: 1 } }
    expect(() => spec(cart).givenStored([broken])).toThrow(
      expect.objectContaining({ code: 'ERR_EVENT_SERIALIZATION' }),
    )
  })

  test('and so is what was decided: data that cannot be stored is no event', () => {
    const careless = { ...cart, decide: () => [{ type: 'ItemAdded' as const, data: new Map() as never }] }
    expect(() => spec(careless).when(addB).thenStateMatching({})).toThrow(/ItemAdded/)
  })

  test('and neither evolve nor decide may change a state', () => {
    const sloppy = {
      initial: () => ({ list: [] as string[] }),
      decide: (state: { list: string[] }, sku: string) => {
        state.list.push(sku)
        return [{ type: 'added' as const, data: sku }]
      },
      evolve: (state: { list: string[] }, event: { readonly type: 'added'; readonly data: string }) => {
        state.list.push(event.data)
        return state
      },
    }
    expect(() => spec(sloppy).given([{ type: 'added', data: 'a' }])).toThrow(TypeError)
    spec(sloppy).when('a').throws(TypeError)
  })
})

test('a spec that is awaited by mistake says so', async () => {
  const decision = spec(cart).when({ type: 'repeat' })
  const awaited: unknown = decision
  await expect(async () => await awaited).rejects.toThrow('a spec is no promise')
  decision.thenNothing()
})
