import type { NatsServer } from '@millrace/tools/services'
import { describe, expect, test } from 'vitest'

import { collect } from './support/collect.ts'
import { facts, freshStream } from './support/events.ts'
import { Stage, useStage } from './support/stage.ts'
import { freshName } from './support/topologies.ts'

const patience = { timeout: 120_000 }
const looks = 24

/** How many of some direct gets at a sequence, whichever server answers each, still find a message there. */
async function stillFound({ raw }: Stage, sequence: number): Promise<number> {
  const payload = JSON.stringify({ seq: sequence })
  const asked = Array.from({ length: looks }, async () => {
    const reply = await raw.connection.request(`$JS.API.DIRECT.GET.${raw.name}`, payload, { timeout: 10_000 })
    return reply.headers?.code !== 404
  })
  return (await Promise.all(asked)).filter(Boolean).length
}

/** A server that has a copy of the stream and does not lead it. */
async function followerOf({ servers, target }: Stage): Promise<NatsServer> {
  const leader = await servers.cluster?.leaderOf(target.name)
  const found = servers.nodes.find(({ name }) => name !== leader?.name)
  if (found === undefined) throw new Error('three servers have a follower')
  return found
}

describe('erasing, R3', () => {
  const stage = useStage('R3')

  test('once a tombstone has resolved, no replica hands out what it erased', patience, async () => {
    const { store } = stage()
    let leaks = 0
    for (let round = 0; round < 30; round++) {
      const id = freshStream()
      const { position } = await store.append(id, facts(3), { expectedVersion: 0 })
      await store.tombstone(id, { expectedVersion: 'any', reason: 'asked for' })
      leaks += await stillFound(stage(), position?.commit ?? 0)
    }
    expect(leaks).toBe(0)
  })

  test(
    'a tombstone waits for a replica that stands still, and nothing of it is seen when it goes on',
    patience,
    async () => {
      const { servers, target } = stage()
      const follower = await followerOf(stage())
      const others = servers.urls.filter((url) => url !== follower.url)
      await using near = await Stage.open(servers, { ...target, servers: others })
      const id = freshStream()
      const correlationId = freshName('c')
      const { position } = await near.store.append(id, facts(3), {
        expectedVersion: 0,
        metadata: { correlationId },
      })
      await follower.pause()
      let isDone = false
      const closing = near.store
        .tombstone(id, { expectedVersion: 'any', reason: 'asked for' })
        .finally(() => {
          isDone = true
        })
      // The other two make the quorum: what is left to do is the third one's.
      await expect.poll(async () => await near.store.exists(id), { timeout: 20_000 }).toBe(false)
      const early = isDone
      follower.resume()
      expect(await closing).toMatchObject({ version: 4 })
      expect([early, await stillFound(near, position?.commit ?? 0)]).toEqual([false, 0])
      expect(await collect(near.store.readAll({ correlationId }))).toEqual([])
    },
  )
})
