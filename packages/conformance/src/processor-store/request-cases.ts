import { refused, same } from '../suite/assertions.ts'
import { freshName } from '../suite/fixtures.ts'
import { newProcessor } from './bench.ts'
import type { EffectFreeStoreCase } from './bench.ts'

/** What operators ask of a processor. */
export const requestCases: readonly EffectFreeStoreCase[] = [
  {
    name: 'a runtime sees at once which processors are paused',
    run: async ({ store }) => {
      const [one, other] = [await newProcessor(store), await newProcessor(store)]
      const asked = async (): Promise<readonly (boolean | undefined)[]> => {
        const all = await store.requests()
        return [one, other].map((name) => all.find(({ processor }) => processor === name)?.paused)
      }
      same(await asked(), [false, false])
      await store.setPaused(other, { paused: true, by: 'ada' })
      same(await asked(), [false, true])
      await store.setPaused(one, { paused: true, by: 'ada' })
      await store.setPaused(other, { paused: false, by: 'bob' })
      same(await asked(), [true, false])
      const all = await store.requests()
      same(
        [one, other].map((name) => all.find(({ processor }) => processor === name)?.pausedBy),
        ['ada', undefined],
      )
    },
  },
  {
    name: 'a processor that parked nothing holds no stream',
    run: async ({ store }) => {
      same(await store.deadLetters.held(await newProcessor(store), 10), { count: 0, streams: [] })
      same(await store.deadLetters.held(freshName('none'), 10), { count: 0, streams: [] })
    },
  },
  {
    name: 'what does not exist can be neither retried nor removed',
    run: async ({ store: { deadLetters } }) => {
      const id = freshName('none')
      same(
        [await deadLetters.retry(id, 'ada'), await deadLetters.remove(id, 'ada'), await deadLetters.get(id)],
        [false, false, undefined],
      )
    },
  },
]

/** Lists. */
export const pagingCases: readonly EffectFreeStoreCase[] = [
  {
    name: 'a page that is too long, or a cursor nobody gave out, is refused',
    run: async ({ store }) => {
      for (const limit of [0, -1, 1.5, 1001]) {
        await refused(async () => await store.listDeliveries({ limit }), { code: 'ERR_INVALID_VALUE' })
        await refused(async () => await store.deadLetters.list({ limit }), { code: 'ERR_INVALID_VALUE' })
        await refused(async () => await store.deadLetters.held('any', limit), { code: 'ERR_INVALID_VALUE' })
      }
      await refused(async () => await store.listDeliveries({ cursor: 'no cursor' }), {
        code: 'ERR_INVALID_CURSOR',
      })
      await refused(async () => await store.deadLetters.list({ cursor: 'no cursor' }), {
        code: 'ERR_INVALID_CURSOR',
      })
    },
  },
]
