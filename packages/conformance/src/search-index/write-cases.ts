import type { SearchWrite } from '@millrace/contracts'

import { holds, same } from '../suite/assertions.ts'
import { idsOf, outcomes, product, put, withProducts } from './bench.ts'
import type { ProductFields, SearchIndexCase } from './bench.ts'

const long = 'x'.repeat(1001)
const deep = (depth: number): Record<string, unknown> => (depth === 0 ? {} : { below: deep(depth - 1) })

/** Writes that no index can ever take, as they come from code that no compiler has seen, and where the reason begins. */
const malformed: readonly (readonly [object, string])[] = [
  [{ ...product('a', 1), id: '' }, 'id:'],
  [{ ...product('a', 1), id: 'i'.repeat(256) }, 'id:'],
  [{ ...product('a', 1), version: 1.5 }, 'version:'],
  [{ ...product('a', 1), version: -1 }, 'version:'],
  [{ kind: 'index', id: 'a', version: 1 }, 'body:'],
  [{ ...product('a', 1), body: { ...product('a', 1).body, colour: 'red' } }, 'body.colour:'],
  [{ ...product('a', 1), body: { ...product('a', 1).body, title: undefined } }, 'body.title:'],
  [{ ...product('a', 1), body: { ...product('a', 1).body, title: 7 } }, 'body.title:'],
  [{ ...product('a', 1), body: { ...product('a', 1).body, stock: 1.5 } }, 'body.stock:'],
  [{ ...product('a', 1), body: { ...product('a', 1).body, stock: '12' } }, 'body.stock:'],
  [{ ...product('a', 1), body: { ...product('a', 1).body, price: NaN } }, 'body.price:'],
  [{ ...product('a', 1), body: { ...product('a', 1).body, listed: 1 } }, 'body.listed:'],
  [{ ...product('a', 1), body: { ...product('a', 1).body, since: new Date(NaN) } }, 'body.since:'],
  [{ ...product('a', 1), body: { ...product('a', 1).body, since: '2026-01-01' } }, 'body.since:'],
  [{ ...product('a', 1), body: { ...product('a', 1).body, sku: long } }, 'body.sku:'],
  [{ ...product('a', 1), body: { ...product('a', 1).body, tags: ['fine', long] } }, 'body.tags:'],
  [{ ...product('a', 1), body: { ...product('a', 1).body, tags: 'red' } }, 'body.tags:'],
  [{ ...product('a', 1), body: { ...product('a', 1).body, title: 'a\0b' } }, 'body.title:'],
  [{ ...product('a', 1), body: { ...product('a', 1).body, title: 'a\ud800b' } }, 'body.title:'],
  [{ ...product('a', 1), payload: ['no', 'object'] }, 'payload:'],
  [{ ...product('a', 1), payload: { a: { b: 'a\0b' } } }, 'payload:'],
  [{ ...product('a', 1), payload: deep(16) }, 'payload:'],
  [{ ...product('a', 1), payload: { big: 'x'.repeat(262_144) } }, 'payload:'],
]

/** What becomes of writes. */
export const writeCases: readonly SearchIndexCase[] = [
  {
    name: 'a document is found as it was written, with every kind of value',
    run: async (context) =>
      await withProducts(context, async (index) => {
        const body = {
          title: 'Größe "L" — it\'s <b>big</b>\n',
          note: '',
          sku: 'SKU/1 \\ \u2028',
          tags: ['red', '', 'x y'],
          stock: Number.MAX_SAFE_INTEGER,
          price: -0.1,
          listed: false,
          since: new Date('2026-02-28T23:59:59.999Z'),
        }
        const payload = { a: { 'b c': [1, 'two', null, true] }, list: [{ x: 1.5 }, { x: 2 }], empty: {} }
        const bare = product('bare', 0)
        await put(index, [{ kind: 'index', id: 'full/1', version: 7, body, payload }, bare])
        const { hits, next } = await index.search({})
        same(next, undefined)
        same(hits, [
          { id: 'bare', version: 0, body: bare.body, payload: undefined, highlights: {} },
          { id: 'full/1', version: 7, body, payload, highlights: {} },
        ])
      }),
  },
  {
    name: 'a late write never overwrites a newer one, and a repeat of the same version is taken',
    run: async (context) =>
      await withProducts(context, async (index) => {
        await put(index, [product('a', 5, { title: 'five' })])
        same(await outcomes(index, [product('a', 4, { title: 'four' }), product('b', 1)]), [
          'stale',
          'written',
        ])
        same(await outcomes(index, [product('a', 5, { title: 'five again' })]), ['written'])
        await index.refresh()
        same(
          (await index.search({})).hits.map(({ id, version, body }) => [id, version, body.title]),
          [
            ['a', 5, 'five again'],
            ['b', 1, 'thing b'],
          ],
        )
        same(await outcomes(index, [product('a', 6)]), ['written'])
      }),
  },
  {
    name: 'several writes of one document in one call leave the newest, in whatever order',
    run: async (context) =>
      await withProducts(context, async (index) => {
        const results = await outcomes(index, [
          product('a', 2, { title: 'two' }),
          product('a', 9, { title: 'nine' }),
          product('b', 1),
          product('a', 3, { title: 'three' }),
          { kind: 'delete', id: 'b', version: 2 },
        ])
        same([results[1], results[2], results[4]], ['written', 'written', 'written'])
        same(results[3], 'stale')
        await index.refresh()
        same(
          (await index.search({})).hits.map(({ id, version, body }) => [id, version, body.title]),
          [['a', 9, 'nine']],
        )
      }),
  },
  {
    name: 'what was deleted is not found, and not brought back by a late write, only by a newer one',
    run: async (context) =>
      await withProducts(context, async (index) => {
        await put(index, [product('a', 3), product('b', 3)])
        same(
          await outcomes(index, [
            { kind: 'delete', id: 'a', version: 4 },
            { kind: 'delete', id: 'b', version: 2 },
            { kind: 'delete', id: 'never-there', version: 4 },
          ]),
          ['written', 'stale', 'written'],
        )
        await index.refresh()
        same(await idsOf(index), ['b'])
        same(await index.count(), 1)
        const late = [product('a', 3), product('never-there', 3)]
        same(await outcomes(index, late), ['stale', 'stale'])
        same(await outcomes(index, [product('a', 5)]), ['written'])
        await index.refresh()
        same(await idsOf(index), ['a', 'b'])
      }),
  },
  {
    name: 'malformed documents are rejected one by one, with the reason, and all others are written',
    run: async (context) =>
      await withProducts(context, async (index) => {
        const writes = malformed.flatMap(([write], n) => [
          { id: `bad-${n}`, ...write },
          product(`good-${n}`, 1),
        ]) as readonly SearchWrite<ProductFields>[]
        const results = await index.write(writes)
        for (const [n, [, reason]] of malformed.entries()) {
          const rejected = results[2 * n]
          holds(rejected ?? {}, { kind: 'rejected' }, reason)
          same(
            rejected?.kind === 'rejected' && rejected.reason.startsWith(reason),
            true,
            JSON.stringify(rejected),
          )
          same(results[2 * n + 1], { kind: 'written', id: `good-${n}` })
        }
        await index.refresh()
        same(await index.count(), malformed.length)
      }),
  },
  {
    name: 'a thousand documents are written in one call, and no document in none',
    run: async (context) =>
      await withProducts(context, async (index) => {
        same(await index.write([]), [])
        await put(
          index,
          Array.from({ length: 1000 }, (_, n) => product(`p-${n}`, n)),
        )
        same(await index.count(), 1000)
      }),
  },
  {
    name: 'of many writers of the same documents the newest versions win, in whatever order they come',
    run: async (context) =>
      await withProducts(context, async (index) => {
        const ids = ['a', 'b', 'c', 'd', 'e']
        const versions = Array.from({ length: 40 }, (_, n) => (n * 23) % 40)
        await Promise.all(
          versions.map(async (version) => {
            // Each in an order of its own: engines that lock documents must not lock themselves up.
            const order = version % 2 === 0 ? ids : ids.toReversed()
            const results = await index.write(
              order.map((id) => product(id, version, { title: `v${version}` })),
            )
            same(
              results.every(({ kind }) => kind === 'written' || kind === 'stale'),
              true,
            )
          }),
        )
        await index.refresh()
        same(
          (await index.search({})).hits.map(({ version, body }) => [version, body.title]),
          ids.map(() => [39, 'v39']),
        )
      }),
  },
]
