import type { SearchFilter, SearchText } from '@millrace/contracts'

import { refused, same } from '../suite/assertions.ts'
import { idsOf, pagesOf, product, put, withProducts } from './bench.ts'
import type { ProductFields, Products, SearchIndexCase } from './bench.ts'

const day = (n: number): Date => new Date(Date.UTC(2026, 0, n, 12))

/** The documents that queries are tried on. */
async function seed(index: Products): Promise<void> {
  const documents = [
    product('1', 1, { title: 'Red shoes', note: 'for running', sku: 'B-1', tags: ['red', 'new'], stock: 3 }),
    product('2', 2, { title: 'red RED red hat', note: "don't wash", sku: 'a-2', tags: ['red'], stock: -5 }),
    product('3', 3, { title: 'Blue shoes, red laces', sku: 'C-3', tags: [], stock: 0, listed: false }),
    product('4', 4, {
      title: 'Größe ünder Žluťoučký',
      note: 'shoes',
      sku: "O'Brien; --",
      stock: 10,
      price: 2.5,
    }),
    product('5', 5, { title: 'plain', sku: 'é', price: -1, stock: 3 }),
  ]
  const payloads = [
    { size: { eu: 42 }, colours: ['red', 'white'], gift: true },
    { size: { eu: 43 }, colours: ['red'], note: "it's" },
    { size: { eu: 42 }, colours: [] },
  ]
  await put(
    index,
    documents.map(({ body, ...rest }, n) => {
      const payload = payloads[n]
      const dated = { ...rest, body: { ...body, since: day(n + 1) } }
      return payload === undefined ? dated : { ...dated, payload }
    }),
  )
}

const texts: readonly (readonly [SearchText<ProductFields>, readonly string[]])[] = [
  [{ query: 'red' }, ['1', '2', '3']],
  [{ query: 'RED Shoes' }, ['1', '3']],
  [{ query: 'shoes plain', match: 'any' }, ['1', '3', '4', '5']],
  [{ query: 'red shoes', match: 'phrase' }, ['1']],
  [{ query: 'laces for', match: 'phrase' }, []],
  [{ query: 'shoes', fields: ['title'] }, ['1', '3']],
  [{ query: 'shoes running' }, ['1']],
  [{ query: 'shoe' }, []],
  [{ query: 'GRÖSSE' }, []],
  [{ query: 'GRÖßE žluťoučký' }, ['4']],
  [{ query: "DON'T" }, ['2']],
  [{ query: ' ,;! ' }, []],
  [{ query: '' }, []],
  [{ query: `red' & "blue" | (!x) :* \\ <->` }, []],
]

const filters: readonly (readonly [SearchFilter<ProductFields>, readonly string[]])[] = [
  [{ field: 'sku', is: 'B-1' }, ['1']],
  [{ field: 'sku', is: 'b-1' }, []],
  [{ field: 'sku', is: "O'Brien; --" }, ['4']],
  [{ field: 'sku', in: ['é', 'C-3', 'none'] }, ['3', '5']],
  [{ field: 'sku', from: 'C', below: 'b' }, ['3', '4', '2'].toSorted()],
  [{ field: 'tags', is: 'red' }, ['1', '2']],
  [{ field: 'tags', in: ['new', 'old'] }, ['1']],
  [{ field: 'tags', exists: true }, ['1', '2']],
  [{ field: 'note', exists: false }, ['3', '5']],
  [{ field: 'stock', is: 3 }, ['1', '5']],
  [{ field: 'stock', from: 0, below: 10 }, ['1', '3', '5']],
  [{ field: 'price', below: 2.5 }, ['5']],
  [{ field: 'price', from: -1 }, ['4', '5']],
  [{ field: 'listed', is: false }, ['3']],
  [{ field: 'since', is: day(2) }, ['2']],
  [{ field: 'since', in: [day(1), day(5)] }, ['1', '5']],
  [{ field: 'since', from: day(4) }, ['4', '5']],
  [{ not: { field: 'tags', is: 'red' } }, ['3', '4', '5']],
  [{ not: { field: 'price', below: 0 } }, ['1', '2', '3', '4']],
  [
    {
      any: [
        { field: 'stock', is: 0 },
        { field: 'price', from: 0 },
      ],
    },
    ['3', '4'],
  ],
  [{ all: [{ field: 'tags', is: 'red' }, { not: { any: [{ field: 'stock', below: 0 }] } }] }, ['1']],
  [{ all: [] }, ['1', '2', '3', '4', '5']],
  [{ any: [] }, []],
  [{ payload: 'size.eu', is: 42 }, ['1', '3']],
  [{ payload: 'colours', is: 'red' }, ['1', '2']],
  [{ payload: 'gift', is: true }, ['1']],
  [{ payload: 'note', is: "it's" }, ['2']],
  [{ payload: 'size.us', is: 9 }, []],
]

const bad: readonly (readonly [string, object])[] = [
  ['query.limit', { limit: 0 }],
  ['query.limit', { limit: 1001 }],
  ['query.sort', { sort: [{ field: 'title', direction: 'ascending' }] }],
  ['query.sort', { sort: [{ field: 'price', direction: 'ascending' }] }],
  ['query.sort', { sort: [{ field: 'tags', direction: 'ascending' }] }],
  ['query.sort.direction', { sort: [{ field: 'sku', direction: 'up' }] }],
  ['query.highlight', { highlight: ['sku'] }],
  ['query.text.query', { text: { query: 'a'.repeat(1001) } }],
  ['query.text.fields', { text: { query: 'a', fields: ['constructor'] } }],
  ['query.text.match', { text: { query: 'a', match: 'some' } }],
  ['query.where.field', { where: { field: 'colour', is: 'red' } }],
  ['query.where.field', { where: { field: 'title', is: 'red' } }],
  ['query.where.is', { where: { field: 'stock', is: '3' } }],
  ['query.where.in', { where: { field: 'stock', in: [] } }],
  ['query.where.from', { where: { field: 'since', from: new Date(NaN) } }],
  ['query.where.not', { where: { not: { field: 'stock' } } }],
  [
    'query.where.all[1].payload',
    {
      where: {
        all: [
          { payload: 'a', is: 1 },
          { payload: 'a..b', is: 1 },
        ],
      },
    },
  ],
  ['query.where.all[99]', { where: { all: Array.from({ length: 200 }, () => ({ payload: 'a', is: 1 })) } }],
]

/** What is found. */
export const searchCases: readonly SearchIndexCase[] = [
  {
    name: 'words and conditions find what they say, whatever characters are in them',
    run: async (context) =>
      await withProducts(context, async (index) => {
        await seed(index)
        const byId = [{ field: 'sku', direction: 'ascending' } as const]
        for (const [text, ids] of texts) {
          const found = await idsOf(index, { text, sort: byId })
          same(found.toSorted(), ids, JSON.stringify(text))
          same(await index.count({ text }), ids.length, JSON.stringify(text))
        }
        for (const [where, ids] of filters) {
          same(await idsOf(index, { where }), ids, JSON.stringify(where))
          same(await index.count({ where }), ids.length, JSON.stringify(where))
        }
        same(await idsOf(index, { text: { query: 'red' }, where: { field: 'stock', from: 0 }, sort: byId }), [
          '1',
          '3',
        ])
        for (const [field, query] of bad)
          await refused(async () => await index.search(query), { code: 'ERR_INVALID_VALUE', field })
      }),
  },
  {
    name: 'the better match comes first, and what was found in it is shown as plain pieces of text',
    run: async (context) =>
      await withProducts(context, async (index) => {
        await put(index, [
          product('weak', 1, { title: 'a <b>red</b> thing among so many other things that nobody wants' }),
          product('none', 1, { title: 'blue' }),
          product('strong', 1, { title: 'Red red RED', note: 'red' }),
        ])
        const { hits } = await index.search({ text: { query: 'red' }, highlight: ['title', 'note'] })
        same(
          hits.map(({ id }) => id),
          ['strong', 'weak'],
        )
        const [strong, weak] = hits
        const found = (passages: readonly (readonly { text: string; found: boolean }[])[] = []): string[] =>
          passages.flat().flatMap(({ text, found: isFound }) => (isFound ? [text] : []))
        same(found(strong?.highlights['title']), ['Red', 'red', 'RED'])
        same(found(strong?.highlights['note']), ['red'])
        same(found(weak?.highlights['title']), ['red'])
        same(Object.keys(weak?.highlights ?? {}), ['title'])
        const text = (weak?.highlights['title'] ?? []).flat().map((piece) => piece.text)
        same(text.join('').includes('a <b>red</b> thing'), true)
      }),
  },
  {
    name: 'pages hold everything once, in order, also among equals, and a cursor is good for its query only',
    run: async (context) =>
      await withProducts(context, async (index) => {
        await put(
          index,
          Array.from({ length: 25 }, (_, n) =>
            product(`p${String(n).padStart(2, '0')}`, 1, {
              title: n % 2 === 0 ? 'even even' : 'odd even',
              sku: `s${n % 3}`,
              stock: n % 4,
              since: day(n % 5),
            }),
          ),
        )
        const sort = [
          { field: 'stock', direction: 'descending' },
          { field: 'sku', direction: 'ascending' },
          { field: 'since', direction: 'descending' },
        ] as const
        const whole = await idsOf(index, { sort })
        same(
          (await pagesOf(index, { sort, limit: 4 })).map(({ id }) => id),
          whole,
        )
        same(new Set(whole).size, 25)
        const text = { query: 'even odd', match: 'any' } as const
        const ranked = await pagesOf(index, { text, limit: 7 })
        same(new Set(ranked.map(({ id }) => id)).size, 25)
        const { next = '' } = await index.search({ sort, limit: 5 })
        for (const query of [{ sort: sort.slice(1) }, { sort, text }, { sort, where: { all: [] } }])
          await refused(async () => await index.search({ ...query, cursor: next }), {
            code: 'ERR_INVALID_CURSOR',
          })
        for (const cursor of ['', 'x', next.slice(0, -9), Buffer.from('[1,2]').toString('base64url')])
          await refused(async () => await index.search({ sort, cursor }), { code: 'ERR_INVALID_CURSOR' })
      }),
  },
  {
    name: 'documents that come, go and change between two pages hide and repeat no other',
    run: async (context) =>
      await withProducts(context, async (index) => {
        const still = Array.from({ length: 20 }, (_, n) => `m${String(n).padStart(2, '0')}`)
        await put(
          index,
          [...still, 'gone', 'moved'].map((id) => product(id, 1)),
        )
        let n = 0
        const seen = await pagesOf(
          index,
          { sort: [{ field: 'sku', direction: 'ascending' }], limit: 5 },
          async () => {
            n += 1
            await put(index, [
              product(`a${n}`, 1),
              product(`m05-${n}`, 1),
              product(`z${n}`, 1),
              product('moved', n + 1, { sku: `a-moved-${n}` }),
              { kind: 'delete', id: 'gone', version: n + 1 },
            ])
          },
        )
        const ids = seen.map(({ id }) => id).filter((id) => still.includes(id))
        same(ids, still)
      }),
  },
  {
    name: 'values are counted, summed, and counted by date',
    run: async (context) =>
      await withProducts(context, async (index) => {
        await seed(index)
        same(await index.aggregate({ terms: 'tags' }), [
          { value: 'red', count: 2 },
          { value: 'new', count: 1 },
        ])
        same(await index.aggregate({ terms: 'stock', limit: 1 }), [{ value: 3, count: 2 }])
        same(await index.aggregate({ terms: 'listed' }, { where: { field: 'stock', from: 0 } }), [
          { value: true, count: 3 },
          { value: false, count: 1 },
        ])
        same(await index.aggregate({ stats: 'stock' }), { count: 5, min: -5, max: 10, sum: 11 })
        same(await index.aggregate({ stats: 'price' }, { text: { query: 'red' } }), {
          count: 0,
          min: undefined,
          max: undefined,
          sum: 0,
        })
        await put(index, [product('6', 6, { since: new Date(day(5).getTime() + 3_600_000) })])
        const byDay = await index.aggregate(
          { dates: 'since', by: 'day' },
          { where: { field: 'stock', from: 3 } },
        )
        const midnight = (n: number): Date => new Date(Date.UTC(2026, 0, n))
        same(byDay, [
          { from: midnight(1), count: 1 },
          { from: midnight(4), count: 1 },
          { from: midnight(5), count: 2 },
        ])
        same(await index.aggregate({ dates: 'since', by: 'month' }), [{ from: midnight(1), count: 6 }])
        await refused(async () => await index.aggregate({ stats: 'sku' as 'stock' }), {
          code: 'ERR_INVALID_VALUE',
          field: 'aggregation.stats',
        })
      }),
  },
]
