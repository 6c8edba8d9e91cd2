import { EventVersion, createStreamId, defineEvents, parseCommitId, parseEventId } from '@millrace/contracts'
import type { Envelope } from '@millrace/contracts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

import { defineUpcasters, part, splits } from './index.ts'
import type { AnySteps, Lift, UpcastHeader, Upcasting } from './index.ts'

const current: number = 6
const Sum = defineEvents({
  Summed: { schema: z.number(), version: current },
  Piece: z.number(),
})

/** Steps whose results depend on their order, on the header, and on nothing else. */
const step: fc.Arbitrary<Lift<number, number>> = fc.oneof(
  fc.integer({ min: -9, max: 9 }).map((by) => (sum: number) => sum + by),
  fc.integer({ min: 2, max: 9 }).map((by) => (sum: number) => sum * by),
  fc.constant((sum: number, { version }: UpcastHeader) => sum * 3 + version),
)
const steps = fc.array(step, { minLength: current - 1, maxLength: current - 1 })

function recorded(type: string, schemaVersion: number, data: unknown): Envelope {
  return {
    id: parseEventId('01ARZ3NDEKTSV4RRFFQ69G5FAV'),
    streamId: createStreamId('sum', '1'),
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
    data,
  }
}

function upcast(upcasters: Upcasting, event: Envelope): readonly Envelope[] {
  const lifted = upcasters.upcast(event)
  return Array.isArray(lifted) ? (lifted as readonly Envelope[]) : [lifted as Envelope]
}

function defined(chain: readonly Lift<number, number>[], more: AnySteps = {}): Upcasting {
  const its = Object.fromEntries(chain.map((lift, index) => [index + 1, lift]))
  return defineUpcasters(Sum, { Summed: its, ...more } as never)
}

const from = fc.integer({ min: 1, max: current - 1 })
const data = fc.integer({ min: -1000, max: 1000 })

describe('a chain', () => {
  test('is the composition of its steps, from wherever it begins', () => {
    fc.assert(
      fc.property(steps, from, data, (chain, schemaVersion, sum) => {
        const event = recorded('Summed', schemaVersion, sum)
        const composed = chain.slice(schemaVersion - 1).reduce((value, lift) => lift(value, event), sum)
        expect(upcast(defined(chain), event)).toStrictEqual([
          { ...event, schemaVersion: current, data: composed },
        ])
      }),
    )
  })

  test('gives the same for the same event, however often, by whomever and in whatever order it is asked', () => {
    const events = fc.array(fc.tuple(from, data), { minLength: 1, maxLength: 10 })
    fc.assert(
      fc.property(steps, events, (chain, all) => {
        const [one, other] = [defined(chain), defined(chain)]
        const recordedAll = all.map(([schemaVersion, sum]) => recorded('Summed', schemaVersion, sum))
        const first = recordedAll.flatMap((event) => upcast(one, event))
        const again = recordedAll
          .toReversed()
          .map((event) => upcast(other, event))
          .toReversed()
          .flat()
        expect(again).toStrictEqual(first)
      }),
    )
  })

  test('lifts what is lifted already no further', () => {
    fc.assert(
      fc.property(steps, from, data, (chain, schemaVersion, sum) => {
        const upcasters = defined(chain)
        const lifted = upcast(upcasters, recorded('Summed', schemaVersion, sum))
        expect(lifted.flatMap((event) => upcast(upcasters, event))).toStrictEqual(lifted)
      }),
    )
  })
})

test('a split yields as many envelopes as its parts come to, numbered in order, none where there are none', () => {
  const pieces = fc.array(
    fc.oneof(
      data.map((n) => ['Piece', n] as const),
      data.map((n) => ['Summed', n] as const),
    ),
    {
      maxLength: 6,
    },
  )
  fc.assert(
    fc.property(steps, pieces, (chain, parts) => {
      const upcasters = defined(chain, {
        Batch: {
          1: splits({ Piece: 1, Summed: 2 }, (all: typeof parts) => all.map(([type, n]) => part(type, n))),
        },
      })
      const lifted = upcast(upcasters, recorded('Batch', 1, parts))
      expect(lifted.map(({ type, part: which }) => [type, which])).toEqual(
        parts.map(([type], index) => [type, { index, count: parts.length }]),
      )
      expect(new Set(lifted.map(({ id }) => id)).size).toBe(parts.length)
      const alone = parts.flatMap(([type, n]) =>
        upcast(upcasters, recorded(type, type === 'Piece' ? 1 : 2, n)),
      )
      expect(lifted.map((event) => event.data)).toEqual(alone.map((event) => event.data))
    }),
  )
})
