import type { Cache, CacheOptions, JsonValue } from '@millrace/contracts'

import { refused, same } from '../suite/assertions.ts'
import type { ContractCase } from '../suite/contract-case.ts'
import { freshName } from '../suite/fixtures.ts'
import { waitUntil } from '../suite/wait-until.ts'
import type { CacheUnderTest } from './declaration.ts'

/** One promise of {@link Cache}. */
export type CacheCase = ContractCase<CacheUnderTest>

/** A load that counts, and gives the number of its calls. */
function counting(): { readonly load: () => Promise<number>; readonly loads: () => number } {
  let loads = 0
  return { load: async () => (loads += 1), loads: () => loads }
}

/** Waits until a value that was kept is loaded anew. */
async function reloaded(cache: Cache, key: string, options: CacheOptions): Promise<void> {
  const { load, loads } = counting()
  await waitUntil(
    async () => {
      await cache.getOrLoad(key, load, options)
      return loads() > 0
    },
    { what: 'the value to end' },
  )
}

const keepCases: readonly CacheCase[] = [
  {
    name: 'a value is loaded once, and then kept',
    run: async ({ cache }) => {
      const [key, { load, loads }] = [freshName('key'), counting()]
      for (let n = 0; n < 3; n++) same(await cache.getOrLoad(key, load), 1)
      same([await cache.get(key), loads()], [1, 1])
    },
  },
  {
    name: 'of many who ask at once one loads, and all get what it got',
    run: async ({ cache }) => {
      const [key, { load, loads }] = [freshName('key'), counting()]
      const asked = Array.from({ length: 50 }, async () => await cache.getOrLoad(key, load))
      same(new Set(await Promise.all(asked)), new Set([1]))
      same(loads(), 1)
    },
  },
  {
    name: 'a load that fails is told to all who asked, and nothing is kept',
    run: async ({ cache }) => {
      const key = freshName('key')
      const failing = async (): Promise<number> => await Promise.reject(new Error('the source is away'))
      const asked = Array.from({ length: 3 }, async () => await cache.getOrLoad(key, failing))
      const outcomes = await Promise.allSettled(asked)
      same(
        outcomes.map((outcome) => (outcome.status === 'rejected' ? String(outcome.reason) : 'a value')),
        outcomes.map(() => 'Error: the source is away'),
      )
      same(await cache.getOrLoad(key, async () => 7), 7)
    },
  },
  {
    name: 'an absence is kept as well',
    run: async ({ cache }) => {
      const key = freshName('key')
      let loads = 0
      const load = async (): Promise<string | undefined> => {
        loads += 1
        return undefined
      }
      for (let n = 0; n < 3; n++) same(await cache.getOrLoad(key, load), undefined)
      same([await cache.get(key), loads], [undefined, 1])
    },
  },
  {
    name: 'values come back as they were, whatever they look like',
    run: async ({ cache, elsewhere = cache }) => {
      const values: readonly JsonValue[] = [
        null,
        '',
        'n',
        'x',
        't1\nj2',
        0,
        false,
        [],
        {},
        { a: [1, { b: 'ä🦀\u0000' }] },
      ]
      for (const value of values) {
        const key = freshName('key')
        same(await cache.getOrLoad<JsonValue>(key, async () => value), value)
        same(await cache.get(key), value)
        same(await elsewhere.get(key), value)
      }
    },
  },
  {
    name: 'a value that is set takes the place of another, in every process',
    run: async ({ cache, elsewhere = cache }) => {
      const key = freshName('key')
      await cache.getOrLoad(key, async () => 1)
      same(await elsewhere.getOrLoad(key, async () => 2), 1)
      await cache.set(key, 3)
      same(await cache.get(key), 3)
      await waitUntil(async () => (await elsewhere.get(key)) === 3, { what: 'the value to arrive' })
    },
  },
  {
    name: 'a value ends with its time, and an absence with its own',
    run: async ({ cache }) => {
      const [value, absence] = [freshName('key'), freshName('key')]
      await cache.getOrLoad(value, async () => 0, { ttlMs: 30 })
      await reloaded(cache, value, { ttlMs: 60_000 })
      await cache.getOrLoad(absence, async () => undefined, { negativeTtlMs: 30 })
      await reloaded(cache, absence, { ttlMs: 60_000 })
    },
  },
  {
    name: 'keys are told apart, whatever they hold',
    run: async ({ cache }) => {
      const base = freshName('key')
      const keys = ['a', 'A', 'a ', 'a{b}', 'a*', 'ä🦀', `${'x'.repeat(900)}1`, `${'x'.repeat(900)}2`]
      for (const [n, key] of keys.entries()) await cache.set(base + key, n)
      for (const [n, key] of keys.entries()) same(await cache.get(base + key), n)
    },
  },
]

const endCases: readonly CacheCase[] = [
  {
    name: 'what was invalidated is loaded anew, in every process',
    run: async ({ cache, elsewhere = cache }) => {
      const key = freshName('key')
      await cache.getOrLoad(key, async () => 1)
      same(await elsewhere.getOrLoad(key, async () => 2), 1)
      await cache.invalidate(key)
      same(await cache.getOrLoad(key, async () => 3), 3)
      await waitUntil(async () => (await elsewhere.getOrLoad(key, async () => 3)) === 3, {
        what: 'the other process to hear of it',
      })
    },
  },
  {
    name: 'a tag invalidates all that depends on it, in every process, and nothing else',
    run: async ({ cache, elsewhere = cache }) => {
      const [tag, other] = [freshName('tag'), freshName('tag')]
      const [one, both, neither] = [freshName('key'), freshName('key'), freshName('key')]
      const kept: readonly (readonly [string, readonly string[]])[] = [
        [one, [tag]],
        [both, [other, tag]],
        [neither, [other]],
      ]
      for (const [key, tags] of kept) {
        await cache.getOrLoad(key, async () => 1, { tags })
        same(await elsewhere.getOrLoad(key, async () => 2, { tags }), 1)
      }
      await cache.invalidateTags([tag])
      for (const [key, tags] of kept) {
        const expected = key === neither ? 1 : undefined
        same(await cache.get(key, { tags }), expected)
        await waitUntil(async () => (await elsewhere.get(key, { tags })) === expected, {
          what: 'the other process to hear of it',
        })
      }
    },
  },
  {
    name: 'the order and repetition of tags mean nothing',
    run: async ({ cache }) => {
      const [a, b, key] = [freshName('tag'), freshName('tag'), freshName('key')]
      await cache.getOrLoad(key, async () => 1, { tags: [a, b, a] })
      same(await cache.get(key, { tags: [b, a] }), 1)
    },
  },
  ...(['key', 'tag'] as const).map((by): CacheCase => ({
    name: `what was loaded before its ${by} was invalidated is told, and not kept`,
    run: async ({ cache, elsewhere = cache }) => {
      for (const invalidator of [cache, elsewhere]) {
        const [key, tag] = [freshName('key'), freshName('tag')]
        const options = { tags: [tag] }
        const { promise: goes, resolve: go } = Promise.withResolvers<number>()
        const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
        const old = cache.getOrLoad(
          key,
          async () => {
            begin()
            return await goes
          },
          options,
        )
        await begun
        await (by === 'key' ? invalidator.invalidate(key) : invalidator.invalidateTags([tag]))
        go(1)
        same(await old, 1)
        await waitUntil(async () => (await cache.getOrLoad(key, async () => 2, options)) === 2, {
          what: 'the new value',
        })
        // The message may end one more load; the old value is nowhere.
        same([2, 3].includes(await elsewhere.getOrLoad(key, async () => 3, options)), true)
      }
    },
  })),
]

const erasureCases: readonly CacheCase[] = [
  {
    name: 'what tells of an erased subject is gone everywhere, and nothing else is',
    run: async ({ cache, elsewhere = cache }) => {
      const [subject, other] = [freshName('subject'), freshName('subject')]
      const [about, both, beside] = [freshName('key'), freshName('key'), freshName('key')]
      const options = { subjects: [subject] }
      const of = { both: { subjects: [other, subject] }, beside: { subjects: [other], tags: ['kept'] } }
      await cache.set(about, 1, options)
      await cache.set(both, 1, of.both)
      await cache.set(beside, 1, of.beside)
      await elsewhere.getOrLoad(about, async () => 1, options)
      await cache.eraseSubject(subject)
      await cache.eraseSubject(subject)
      same(await Promise.all([cache.get(about, options), cache.get(both, of.both)]), [undefined, undefined])
      same(await cache.get(beside, of.beside), 1)
      await waitUntil(async () => (await elsewhere.get(about, options)) === undefined, {
        what: 'the other process',
      })
    },
  },
  {
    name: 'what was loaded before its subject was erased is not kept after it',
    run: async ({ cache }) => {
      const [key, options] = [freshName('key'), { subjects: [freshName('subject')] }]
      const [begun, goes] = [Promise.withResolvers<void>(), Promise.withResolvers<number>()]
      const old = cache.getOrLoad(
        key,
        async () => {
          begun.resolve()
          return await goes.promise
        },
        options,
      )
      await begun.promise
      await cache.eraseSubject(options.subjects[0] ?? '')
      goes.resolve(1)
      same(await old, 1)
      same(await cache.getOrLoad(key, async () => 2, options), 2)
    },
  },
]

const inputCases: readonly CacheCase[] = [
  {
    name: 'bad input is refused by its field',
    run: async ({ cache }) => {
      const load = async (): Promise<number> => 1
      for (const key of ['', 'x'.repeat(1_001), '\ud800', 'a\0b'])
        await refused(cache.getOrLoad(key, load), { code: 'ERR_INVALID_VALUE', field: 'key' })
      const bad = [
        ['options.ttlMs', { ttlMs: 0 }],
        ['options.ttlMs', { ttlMs: 86_400_001 }],
        ['options.negativeTtlMs', { negativeTtlMs: Number.NaN }],
        ['options.tags', { tags: Array.from({ length: 17 }, String) }],
        ['options.tags[0]', { tags: [''] }],
        ['options.tags[1]', { tags: ['a', 'x'.repeat(201)] }],
        ['options.subjects[0]', { subjects: [''] }],
      ] as const
      for (const [field, options] of bad)
        await refused(cache.getOrLoad('key', load, options), { code: 'ERR_INVALID_VALUE', field })
      await refused(cache.invalidateTags(['']), { code: 'ERR_INVALID_VALUE', field: 'tags[0]' })
    },
  },
]

/** Every promise of a cache, for any test runner. */
export const cacheCases: readonly CacheCase[] = [...keepCases, ...endCases, ...erasureCases, ...inputCases]
