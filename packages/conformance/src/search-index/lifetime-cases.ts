import { defineSearchIndex } from '@millrace/contracts'

import { refused, same } from '../suite/assertions.ts'
import { freshProducts, idsOf, outcomes, product, productFields, put, withProducts } from './bench.ts'
import type { SearchIndexCase } from './bench.ts'

/** How indices come, change and go. */
export const lifetimeCases: readonly SearchIndexCase[] = [
  {
    name: 'an index is there for all who open it, and its fields change only with its version',
    run: async (context) => {
      const { store } = context
      const definition = freshProducts()
      const { name } = definition
      await withProducts(
        context,
        async (index) => {
          const [again] = await Promise.all([1, 2].map(async () => await store.open(definition)))
          await put(index, [product('a', 1)])
          same(await idsOf(again ?? index), ['a'])
          const configuration = { code: 'ERR_CONFIGURATION' } as const
          const changed = { ...productFields, stock: { kind: 'number' } } as const
          await refused(
            async () => await store.open(defineSearchIndex({ name, version: 1, fields: changed })),
            configuration,
          )
          await refused(
            async () => await store.rebuild(defineSearchIndex({ name, version: 1, fields: changed })),
            configuration,
          )
          await refused(
            async () => await store.open(defineSearchIndex({ name, version: 2, fields: changed })),
            configuration,
          )
        },
        definition,
      )
      same(await store.drop(name), 1)
      same(await store.drop(name), 0)
      for (const bad of ['*', '', 'A', 'a-b'])
        await refused(async () => await store.drop(bad), { code: 'ERR_CONFIGURATION' })
      const plain = { name: 'x"; drop', version: 1, fields: { 'a"b': { kind: 'text' } } } as const
      await refused(async () => await store.open(plain), { code: 'ERR_CONFIGURATION' })
      await refused(async () => await store.rebuild({ ...plain, name: 'x' }), { code: 'ERR_CONFIGURATION' })
    },
  },
  {
    name: 'indices are opened by many at once, and made once',
    run: async ({ store }) => {
      const definition = freshProducts()
      const opened = await Promise.all(Array.from({ length: 5 }, async () => await store.open(definition)))
      await Promise.all(opened.map(async (index, n) => await put(index, [product(`p${n}`, 1)])))
      same(await opened[0]?.count(), 5)
      same(await store.drop(definition.name), 1)
    },
  },
  {
    name: 'a build beside what is read takes its place for all readers at once, and writers of the old version wait',
    run: async (context) => {
      const { store } = context
      const definition = freshProducts()
      const next = defineSearchIndex({
        name: definition.name,
        version: 2,
        fields: { title: { kind: 'text' }, colour: { kind: 'keyword' } },
      })
      await withProducts(
        context,
        async (index) => {
          await put(index, [product('a', 1)])
          const first = await store.rebuild(next)
          await first.index.write([
            { kind: 'index', id: 'x', version: 3, body: { title: 'new', colour: 'red' } },
          ])
          // Whoever begins it again after a crash goes on with it.
          const build = await store.rebuild(next)
          same(build.name, first.name)
          await build.index.write([
            { kind: 'index', id: 'y', version: 3, body: { title: 'new', colour: 'red' } },
          ])
          await build.index.refresh()
          same(await build.index.count(), 2)
          same(await idsOf(index), ['a'])
          await build.finish()
          await refused(async () => await index.write([product('b', 9)]), { code: 'ERR_CONNECTION' })
          await refused(async () => await store.open(definition), { code: 'ERR_CONFIGURATION' })
          const opened = await store.open(next)
          same((await opened.search({ text: { query: 'new' } })).hits.length, 2)
          same(
            (await build.index.write([{ kind: 'delete', id: 'x', version: 4 }])).map(({ kind }) => kind),
            ['written'],
          )
          await opened.refresh()
          same(await opened.count(), 1)
        },
        definition,
      )
    },
  },
  {
    name: 'a version is built again beside itself, or given up, and its writers go on with what is read',
    run: async (context) => {
      const { store } = context
      const definition = freshProducts()
      await withProducts(
        context,
        async (index) => {
          await put(index, [product('a', 5), product('stray', 1)])
          const given = await store.rebuild(definition)
          await put(given.index, [product('c', 1)])
          await given.abandon()
          same(await idsOf(index), ['a', 'stray'])
          const build = await store.rebuild(definition)
          same(build.name === given.name, false)
          await put(build.index, [product('a', 4), product('b', 1)])
          await build.finish()
          same(await idsOf(index), ['a', 'b'])
          await put(index, [product('a', 6)])
          same(await idsOf(index, { where: { field: 'stock', is: 6 } }), ['a'])
        },
        definition,
      )
    },
  },
  {
    name: 'a series rolls over, takes a repeat where the document is, and loses whole segments when they are old',
    run: async (context) => {
      const definition = freshProducts({ series: true })
      await withProducts(
        context,
        async (index) => {
          same(await index.rollover({ maxAgeMs: 0 }), false)
          await put(index, [product('a', 10), product('b', 20)])
          same(await index.rollover({ maxDocuments: 3 }), false)
          same(await index.rollover({ maxAgeMs: 3_600_000, maxBytes: 1_000_000_000 }), false)
          same(await index.rollover({ maxDocuments: 2 }), true)
          await put(index, [product('c', 30), product('b', 20, { title: 'repeated' })])
          same(await idsOf(index), ['a', 'b', 'c'])
          same(await idsOf(index, { text: { query: 'repeated' } }), ['b'])
          const other = await context.store.open(definition)
          same(await other.rollover({ maxAgeMs: 0 }), true)
          // This one has not been told.
          await put(index, [product('d', 40), product('a', 10)])
          same(
            (await index.segments()).map(({ number, fromVersion, closedAt }) => [
              number,
              fromVersion,
              closedAt === undefined,
            ]),
            [
              [1, 0, false],
              [2, 21, false],
              [3, 31, true],
            ],
          )
          same(await index.count(), 4)
          same(await index.dropSegments({ closedBeforeMs: 3_600_000 }), 0)
          same(await index.dropSegments({ closedBeforeMs: 0 }), 2)
          same(await idsOf(index), ['d'])
          same(
            (await index.segments()).map(({ number }) => number),
            [3],
          )
          // What belongs to a segment that is gone has had its time.
          same(await outcomes(index, [product('a', 10), product('e', 41)]), ['stale', 'written'])
        },
        definition,
      )
      await withProducts(context, async (index) => {
        await refused(async () => await index.rollover({ maxAgeMs: 0 }), { code: 'ERR_CONFIGURATION' })
        same((await index.segments()).length, 1)
        same(await index.dropSegments({ closedBeforeMs: 0 }), 0)
      })
    },
  },
  {
    name: 'of an erased subject nothing is found again, also in a build under way, and no write under way brings it back',
    run: async (context) => {
      const { store } = context
      const definition = freshProducts()
      await withProducts(
        context,
        async (index) => {
          const anns = product('1', 7, { title: 'secret shoes', buyers: ['ann'] })
          const both = {
            ...product('2', 8, { title: 'secret hat', buyers: ['bob', 'ann'] }),
            payload: { to: 'ann' },
          }
          const bobs = product('3', 9, { title: 'secret bag', buyers: ['bob'] })
          await put(index, [anns, both, bobs])
          const build = await store.rebuild(definition)
          await put(build.index, [anns, bobs])
          // Not refreshed: what was written a moment ago is erased too.
          same(await outcomes(index, [product('4', 10, { buyers: ['ann'] })]), ['written'])
          same(await index.eraseSubject('ann'), 4)
          same(await index.eraseSubject('ann'), 0)
          await index.refresh()
          same(await idsOf(index, { text: { query: 'secret' } }), ['3'])
          same(await idsOf(index), ['3'])
          same(await index.count({ where: { payload: 'to', is: 'ann' } }), 0)
          same(await outcomes(index, [anns, both, bobs]), ['stale', 'stale', 'written'])
          await build.index.refresh()
          same(await idsOf(build.index), ['3'])
          same(await outcomes(index, [product('1', 8, { title: 'newer' })]), ['written'])
          await index.refresh()
          same(await idsOf(index), ['1', '3'])
          await refused(async () => await index.eraseSubject(''), { code: 'ERR_INVALID_VALUE' })
        },
        definition,
      )
      const without = defineSearchIndex({ ...freshProducts(), fields: { title: { kind: 'text' } } })
      const index = await store.open(without)
      await refused(async () => await index.eraseSubject('ann'), { code: 'ERR_CONFIGURATION' })
      await store.drop(without.name)
    },
  },
  {
    name: 'what was deleted long ago is forgotten when it is asked for',
    run: async (context) =>
      await withProducts(context, async (index) => {
        await put(index, [product('a', 1), { kind: 'delete', id: 'b', version: 5 }])
        same(await index.purge({ deletedBeforeMs: 3_600_000 }), 0)
        same(await outcomes(index, [product('b', 4)]), ['stale'])
        same(await index.purge({ deletedBeforeMs: 0 }), 1)
        same(await index.purge({ deletedBeforeMs: 0 }), 0)
        await put(index, [product('b', 6)])
        same(await idsOf(index), ['a', 'b'])
      }),
  },
  {
    name: 'an engine that works says so',
    run: async ({ store }) => {
      same((await store.health()).status, 'ok')
    },
  },
]
