import { describe, expect, expectTypeOf, test } from 'vitest'

import { formatSearchCursor, parseSearchCursor } from './search-cursor.ts'
import { defineSearchIndex, searchFingerprint, subjectsInFingerprint } from './search-definition.ts'
import type { SearchBody, SearchFields } from './search-definition.ts'
import type { SearchSort } from './search-query.ts'

const orders = defineSearchIndex({
  name: 'orders',
  version: 1,
  fields: {
    note: { kind: 'text', optional: true },
    tags: { kind: 'keyword', list: true },
    owner: { kind: 'keyword', subject: true },
    total: { kind: 'whole' },
    placedAt: { kind: 'date' },
  },
})

type Orders = (typeof orders)['fields']

describe('the definition of an index', () => {
  test('types documents and orders', () => {
    expectTypeOf<SearchBody<Orders>>().branded.toEqualTypeOf<{
      readonly note?: string
      readonly tags: readonly string[]
      readonly owner: string
      readonly total: number
      readonly placedAt: Date
    }>()
    expectTypeOf<SearchSort<Orders>['field']>().toEqualTypeOf<'tags' | 'owner' | 'total' | 'placedAt'>()
  })

  test('has a fingerprint that later releases write the same', () => {
    const fingerprint =
      '{"series":false,"fields":[["note","text","optional"],["owner","keyword","subject"],["placedAt","date"],["tags","keyword","list"],["total","whole"]]}'
    expect(searchFingerprint(orders)).toBe(fingerprint)
    expect(subjectsInFingerprint(fingerprint)).toEqual({
      fields: [
        { name: 'note', kind: 'text' },
        { name: 'owner', kind: 'keyword' },
        { name: 'placedAt', kind: 'date' },
        { name: 'tags', kind: 'keyword' },
        { name: 'total', kind: 'whole' },
      ],
      subjects: [{ name: 'owner', list: false }],
    })
  })

  test.each([
    [{ name: 'Orders' }, 'search index name'],
    [{ name: 'or-ders' }, 'search index name'],
    [{ name: 'o'.repeat(41) }, 'search index name'],
    [{ version: 0 }, 'search index orders.version'],
    [{ version: 1.5 }, 'search index orders.version'],
    [{ fields: {} }, 'search index orders.fields'],
    [{ fields: { 'a.b': { kind: 'text' } } }, 'search index orders.fields.a.b'],
    [{ fields: { a: { kind: 'geo' } } }, 'search index orders.fields.a.kind'],
    [{ fields: { a: { kind: 'text', list: true } } }, 'search index orders.fields.a.list'],
    [{ fields: { a: { kind: 'whole', subject: true } } }, 'search index orders.fields.a.subject'],
    [{ fields: { ab: { kind: 'text' }, aB: { kind: 'text' } } }, 'search index orders.fields'],
  ])('%o is refused', (change, setting) => {
    expect(() =>
      defineSearchIndex({ ...orders, ...change } as { fields: SearchFields } & typeof orders),
    ).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION', setting }) as Error)
  })
})

describe('a cursor of a search', () => {
  const cursor = { view: 'v', place: ['a', 7] }
  const query = { sort: [{ field: 'total', direction: 'ascending' }] } as const

  test('is read again for its query, whatever the size of the page', () => {
    const text = formatSearchCursor(orders, { ...query, limit: 5 }, cursor)
    expect(parseSearchCursor(orders, { ...query, limit: 9, cursor: text }, 2)).toEqual(cursor)
    expect(parseSearchCursor(orders, query, 2)).toBeUndefined()
  })

  test('of another query, index or version is refused', () => {
    const text = formatSearchCursor(orders, query, cursor)
    const refused = expect.objectContaining({ code: 'ERR_INVALID_CURSOR' }) as Error
    expect(() => parseSearchCursor(orders, { cursor: text }, 2)).toThrow(refused)
    expect(() => parseSearchCursor(orders, { ...query, cursor: text }, 3)).toThrow(refused)
    expect(() => parseSearchCursor({ ...orders, version: 2 }, { ...query, cursor: text }, 2)).toThrow(refused)
    for (const bad of ['', '%', 'W10', Buffer.from('{"a":1}').toString('base64url')])
      expect(() => parseSearchCursor(orders, { ...query, cursor: bad }, 2)).toThrow(refused)
  })
})
