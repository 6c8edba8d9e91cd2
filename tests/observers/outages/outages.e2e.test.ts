import { openLink } from '@millrace/testing'
import { startPostgres, startRedis } from '@millrace/tools/services'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

import { outagesOf } from './outages.ts'
import type { Outage } from './run-outage.ts'
import { runOutage } from './run-outage.ts'
import { ShopScene } from './shop-scene.ts'

const names = [
  'Elasticsearch stopped',
  'Redis stopped',
  'a receiver hanging',
  'PostgreSQL restarted',
] as const
const times = { calmMs: 1_000, outageMs: 2_000, patienceMs: 25_000 }
const stack = new AsyncDisposableStack()
let scene: ShopScene
let outages: readonly Outage[]

async function elasticsearch(): Promise<string> {
  const answer = await fetch(`${inject('onDemand')}/elasticsearch`)
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return text
}

beforeAll(async () => {
  const [postgres, redis, search] = await Promise.all([
    startPostgres(),
    startRedis({ durable: true }),
    elasticsearch(),
  ])
  stack.use(postgres)
  stack.use(redis)
  // Stopping it costs half a minute: here the way to it is cut, in the long run it is stopped itself.
  const link = stack.use(await openLink({ port: Number(new URL(search).port) }))
  scene = stack.use(
    await ShopScene.open({
      postgres: postgres.url,
      redis: redis.url,
      elasticsearch: `http://127.0.0.1:${link.port}`,
      ordersPerSecond: 30,
      timeoutMs: 500,
      openMs: 400,
    }),
  )
  outages = outagesOf(scene, {
    postgres: { stop: async () => await postgres.stop(), start: async () => await postgres.start() },
    redis: { stop: async () => await redis.stop(), start: async () => await redis.start() },
    elasticsearch: { stop: async () => link.cut(), start: async () => link.mend() },
  })
}, 300_000)

afterAll(async () => {
  await stack.disposeAsync()
})

// One after the other, on one app: each begins when what the one before left is done.
describe('under load, an app outlives', () => {
  test.each(names)(
    '%s: others go on, an operator sees it, it catches up',
    async (name) => {
      const outage = outages.find((each) => each.name === name)
      if (outage === undefined) throw new Error(`there is no outage ${name}`)
      const { problems, ...seen } = await runOutage(scene, outage, times)
      console.log(JSON.stringify(seen))
      expect(problems).toEqual([])
    },
    300_000,
  )

  test('all of them, and nothing is lost, doubled or set aside', async () => {
    expect(await scene.finish()).toEqual([])
    expect(scene.refused).toBeGreaterThan(0)
  }, 300_000)
})
