import { EventVersion, createStreamId, defineEvents, parseCommitId, parseEventId } from '@millrace/contracts'
import type { Envelope } from '@millrace/contracts'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

import { becomes, defineDowncasters, impossible } from '../index.ts'
import type { AnyDownSteps } from '../index.ts'

const Cart = defineEvents({
  PriceSet: { schema: z.object({ cents: z.number(), currency: z.string() }), version: 3 },
  Suspended: { schema: z.object({ reason: z.string() }), version: 2 },
  CheckedOut: z.object({}),
})

const failure = new Error('not a number')
const { downcast } = defineDowncasters(Cart, {
  PriceSet: {
    3: (data: { cents: number; currency: string }) =>
      data.currency === 'EUR' ? { cents: data.cents } : impossible('version 2 knows euros only'),
    2: (data: { cents: number }, { streamId }) => {
      if (Number.isNaN(data.cents)) throw failure
      return { euros: data.cents / 100, of: streamId }
    },
  },
  Suspended: { 2: becomes('Deactivated', 1, (data: { reason: string }) => ({ why: data.reason })) },
})

function event(type: string, schemaVersion: number, data: unknown): Envelope {
  return Object.freeze({
    id: parseEventId('01ARZ3NDEKTSV4RRFFQ69G5FAV'),
    streamId: createStreamId('cart', '1'),
    type,
    schemaVersion,
    version: EventVersion.first,
    position: { generation: 'g1', commit: 1, index: 0 },
    commitId: parseCommitId('01ARZ3NDEKTSV4RRFFQ69G5FAW'),
    occurredAt: new Date(1),
    recordedAt: new Date(2),
    metadata: {},
    tags: [],
    bucket: 7,
    part: { index: 0, count: 1 },
    data,
  })
}

const price = event('PriceSet', 3, { cents: 150, currency: 'EUR' })

describe('an event for an older reader', () => {
  test('goes down step by step and keeps its header', () => {
    expect(downcast(price, 2)).toStrictEqual({ ...price, schemaVersion: 2, data: { cents: 150 } })
    expect(downcast(price, 1)).toStrictEqual({
      ...price,
      schemaVersion: 1,
      data: { euros: 1.5, of: 'cart-1' },
    })
  })

  test('may have been another type', () => {
    expect(downcast(event('Suspended', 2, { reason: 'x' }), 1)).toMatchObject({
      type: 'Deactivated',
      schemaVersion: 1,
      data: { why: 'x' },
    })
  })

  test('of that version already comes back itself', () => {
    expect(downcast(price, 3)).toBe(price)
    const other = event('Other', 1, {})
    expect(downcast(other, 1)).toBe(other)
  })

  test.each([
    {
      name: 'a step refuses',
      envelope: event('PriceSet', 3, { cents: 1, currency: 'USD' }),
      facts: { toVersion: 1, schemaVersion: 3, reason: 'version 2 knows euros only' },
    },
    {
      name: 'a step throws',
      envelope: event('PriceSet', 3, { cents: NaN, currency: 'EUR' }),
      facts: { toVersion: 1, schemaVersion: 2, reason: 'its downcaster failed' },
    },
    {
      name: 'no step leads there',
      envelope: event('CheckedOut', 5, {}),
      facts: { toVersion: 1, schemaVersion: 5, reason: 'no downcaster leads there' },
    },
    {
      name: 'it is older than that',
      envelope: event('CheckedOut', 1, {}),
      facts: { toVersion: 2, schemaVersion: 1, reason: 'it is older' },
    },
  ])('is refused where $name', ({ envelope, facts }) => {
    expect(() => downcast(envelope, facts.toVersion)).toThrow(
      expect.objectContaining({ code: 'ERR_DOWNCAST_FAILED', eventType: envelope.type, ...facts }),
    )
  })

  test('a failure keeps its cause', () => {
    expect(() => downcast(event('PriceSet', 3, { cents: NaN, currency: 'EUR' }), 1)).toThrow(
      expect.objectContaining({ cause: failure }),
    )
  })

  test('a chain that jumps over the version asked for does not end below it', () => {
    const jumping = defineDowncasters(Cart, {
      PriceSet: { 3: becomes('PriceSet', 1, (data: { cents: number }) => data) },
    })
    expect(jumping.downcast(price, 1)).toMatchObject({ schemaVersion: 1 })
    expect(() => jumping.downcast(price, 2)).toThrow(
      expect.objectContaining({
        code: 'ERR_DOWNCAST_FAILED',
        schemaVersion: 3,
        reason: 'no downcaster leads there',
      }),
    )
  })

  test.each([0, 1.5, NaN, '1'])('is asked for at a version; %j is none', (toVersion) => {
    expect(() => downcast(price, toVersion as number)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_VALUE', field: 'toVersion' }),
    )
  })

  test('data that looks like a refusal is data', () => {
    const odd = defineDowncasters(Cart, { Suspended: { 2: () => ({ kind: 'impossible', reason: 'x' }) } })
    expect(odd.downcast(event('Suspended', 2, {}), 1).data).toEqual({ kind: 'impossible', reason: 'x' })
  })
})

describe('a definition of downcasters', () => {
  const same = (data: never): never => data

  test.each<[rule: string, steps: AnyDownSteps, setting: string, problem: string]>([
    ['a gap', { PriceSet: { 2: same } }, 'PriceSet.2', 'is never reached'],
    ['a step above the current version', { PriceSet: { 4: same } }, 'PriceSet.4', 'is never reached'],
    ['a type that nothing leads to', { Gone: { 2: same } }, 'Gone.2', 'is never reached'],
    ['a step that goes up', { PriceSet: { 3: becomes('PriceSet', 3, same) } }, 'PriceSet.3', 'not lower'],
    ['a step below version 1', { PriceSet: { 3: becomes('PriceSet', 0, same) } }, 'PriceSet.3', 'not lower'],
    ['a step from version 1', { CheckedOut: { 1: same } }, 'CheckedOut.1', '2 or more'],
    ['a key that is no version', { PriceSet: { x: same } as never }, 'PriceSet.x', '2 or more'],
    ['a step that is none', { PriceSet: { 3: 'same' as never } }, 'PriceSet.3', 'must be a function'],
    ['a type without steps', { PriceSet: {} }, 'PriceSet', 'has no steps'],
    ['a type that is none', { $x: { 2: same } }, '$x', 'no event type'],
  ])('with %s is refused', (_, steps, setting, problem) => {
    expect(() => defineDowncasters(Cart, steps as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIGURATION',
        setting: `downcasters.${setting}`,
        message: expect.stringContaining(problem) as unknown,
      }),
    )
  })
})
