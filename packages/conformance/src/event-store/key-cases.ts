import { createStreamId } from '@millrace/contracts'

import { same } from '../suite/assertions.ts'
import { collect, dataOf } from '../suite/collect.ts'
import { fact, freshName } from '../suite/fixtures.ts'
import type { EventStoreCase } from './event-store-case.ts'

/** Legal keys that some place between the caller and the disk might take for something else. */
const oddKeys: readonly string[] = [
  'a.b',
  'a/b',
  '*',
  '>',
  'a.*.>',
  '0',
  '-',
  '--',
  ' a b ',
  '%',
  '%2E',
  '_',
  "it's",
  '"quoted"',
  'back\\slash',
  "'; drop table events; --",
  '$1',
  '{}',
  'null',
  'constructor',
  '__proto__',
  '🦀',
  'ñandú',
  'İ',
  '漢字',
  '\u200b',
  'line\nbreak',
  'tab\t',
  'A',
  'a',
  'x'.repeat(255),
  `${'é'.repeat(127)}x`,
  '🦀'.repeat(63),
]

/** Every legal key is a stream of its own. */
export const keyCases: readonly EventStoreCase[] = [
  {
    name: 'every odd but legal key is a stream of its own',
    run: async ({ store }) => {
      const category = freshName('odd')
      for (const [n, key] of oddKeys.entries())
        await store.append(createStreamId(category, key), [fact(n)], { expectedVersion: 'no-stream' })
      for (const [n, key] of oddKeys.entries()) {
        const id = createStreamId(category, key)
        const events = await collect(store.read(id))
        same(
          [dataOf(events), events.map(({ streamId }) => streamId as string)],
          [[{ n }], [id]],
          JSON.stringify(key),
        )
        same(await store.currentVersion(id), 1)
      }
      same((await store.listStreams({ category, limit: 1000 })).length, oddKeys.length)
      same((await collect(store.readAll({ categories: [category] }))).length, oddKeys.length)
    },
  },
  {
    name: 'the category ends at the first dash',
    run: async ({ store }) => {
      const [short, long] = [freshName('c'), freshName('c')]
      await store.append(createStreamId(short, `${long}-1`), [fact(1)], { expectedVersion: 'any' })
      same(dataOf(await collect(store.readAll({ categories: [short] }))), [{ n: 1 }])
      same(await collect(store.readAll({ categories: [long] })), [])
    },
  },
]
