import { defineEvents, parseEventId } from '@millrace/contracts'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

import { defineUpcasters, drops, part, splits } from '../index.ts'
import type { LegacyRecord } from '../index.ts'

const Cart = defineEvents({
  ItemAdded: { schema: z.object({ sku: z.string().min(1), quantity: z.number() }), version: 2 },
  CheckedOut: z.object({}),
  // A schema that throws instead of answering.
  Weighed: z.custom<{ readonly grams: { readonly net: number } }>(
    (data) => (data as { readonly grams: { readonly net: number } }).grams.net > 0,
  ),
})
const upcasters = defineUpcasters(Cart, {
  ItemAdded: { 1: (data: { article: string }) => ({ sku: data.article, quantity: 1 }) },
  Bought: {
    1: splits({ ItemAdded: 1, CheckedOut: 1 }, (data: { articles: readonly string[] }) => [
      ...data.articles.map((article) => part('ItemAdded', { article })),
      part('CheckedOut', {}),
    ]),
  },
  Viewed: { 1: drops },
})

const id = parseEventId('01ARZ3NDEKTSV4RRFFQ69G5FAV')
const others = { occurredAt: new Date(5), metadata: { tenant: 'a' }, tags: ['t'] }
const header = { id, ...others }

describe('a payload from before', () => {
  test('becomes new events of today, of version 1 unless told otherwise', () => {
    expect(upcasters.migrateToCurrent('ItemAdded', { article: 'a' })).toStrictEqual([
      { type: 'ItemAdded', schemaVersion: 2, data: { sku: 'a', quantity: 1 } },
    ])
    expect(
      upcasters.migrateToCurrent('ItemAdded', { sku: 'a', quantity: 2 }, { schemaVersion: 2 }),
    ).toMatchObject([{ data: { quantity: 2 } }])
    expect(upcasters.migrateToCurrent('Viewed', {})).toEqual([])
  })

  test('keeps its id, time, metadata and tags; the parts of a split get ids of their own', () => {
    expect(upcasters.migrateToCurrent('ItemAdded', { article: 'a' }, { header })).toStrictEqual([
      { type: 'ItemAdded', schemaVersion: 2, data: { sku: 'a', quantity: 1 }, ...header },
    ])
    expect(upcasters.migrateToCurrent('Bought', { articles: ['a'] }, { header })).toStrictEqual([
      { type: 'ItemAdded', schemaVersion: 2, data: { sku: 'a', quantity: 1 }, ...others },
      { type: 'CheckedOut', schemaVersion: 1, data: {}, ...others },
    ])
  })

  test('is validated', () => {
    expect(() => upcasters.migrateToCurrent('ItemAdded', { article: '' })).toThrow(
      expect.objectContaining({
        code: 'ERR_EVENT_SERIALIZATION',
        message: expect.stringContaining('data.sku') as unknown,
      }),
    )
  })

  test('of an unknown type or version is refused', () => {
    const unknown: unknown = expect.objectContaining({ code: 'ERR_UNKNOWN_EVENT_VERSION' })
    expect(() => upcasters.migrateToCurrent('Removed', {})).toThrow(unknown)
    expect(() => upcasters.migrateToCurrent('ItemAdded', {}, { schemaVersion: 3 })).toThrow(unknown)
    expect(() => upcasters.migrateToCurrent('Viewed', {}, { schemaVersion: 2 })).toThrow(unknown)
  })
})

describe('a batch of legacy records', () => {
  test('is converted as far as possible, with the reasons for the rest', () => {
    const broken = { type: 'ItemAdded', data: null }
    const empty = { type: 'ItemAdded', data: { article: '' } }
    const unknown = { type: 'Removed', data: {} }
    const headless = { type: 'CheckedOut', data: {}, header: null as never }
    const touchy = { type: 'Weighed', data: {} }
    const records: readonly LegacyRecord[] = [
      { type: 'Bought', data: { articles: ['a', 'b'] } },
      broken,
      { type: 'Viewed', data: {} },
      empty,
      unknown,
      null as never,
      { type: 'CheckedOut', data: {}, header },
      headless,
      touchy,
    ]
    const { events, failed, dropped } = upcasters.migrateBatch(records)
    expect(events.map(({ index, event }) => [index, event.type])).toEqual([
      [0, 'ItemAdded'],
      [0, 'ItemAdded'],
      [0, 'CheckedOut'],
      [6, 'CheckedOut'],
    ])
    expect(events.at(-1)?.event).toMatchObject({ id, occurredAt: new Date(5) })
    expect(dropped).toEqual([2])
    expect(failed.map(({ index, record, error }) => [index, record, error.code])).toEqual([
      [1, broken, 'ERR_UPCASTER_FAILED'],
      [3, empty, 'ERR_EVENT_SERIALIZATION'],
      [4, unknown, 'ERR_UNKNOWN_EVENT_VERSION'],
      [5, null, 'ERR_INVALID_VALUE'],
      [7, headless, 'ERR_INVALID_VALUE'],
      [8, touchy, 'ERR_EVENT_SERIALIZATION'],
    ])
  })
})
