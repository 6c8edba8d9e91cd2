import type { CarryOver, Position } from '@millrace/contracts'
import { connect } from '@nats-io/transport-node'
import { expect, inject, test } from 'vitest'

import { freshName } from '../../fixtures/names.ts'
import { openJetStreamProcessorStore } from './open-jetstream-processor-store.ts'

const old = (commit: number): Position => ({ generation: 'old', commit, index: 0 })
const now = (commit: number): Position => ({ generation: 'new', commit, index: 0 })
const halved: CarryOver = {
  formerGenerations: ['old'],
  checkpoint: async ({ commit }) => await Promise.resolve(now(Math.floor(commit / 2))),
  record: async () => await Promise.resolve(undefined),
}

test('processors on leases in KV go on in the log that took the place of theirs', async () => {
  const { nats } = inject('servers')
  const name = freshName('carry')
  const servers = nats.split(',')
  try {
    await using store = await openJetStreamProcessorStore({ servers, name })
    const registration = { processor: 'p', partitions: 2, log: 'log', start: old(4) }
    await store.register(registration)
    await store.register({ ...registration, processor: 'other', start: { ...old(4), generation: 'else' } })
    const attempt = await store.acquire({ processor: 'p', partition: 0 }, { owner: 'a', ttlMs: 60_000 })
    if (attempt.kind !== 'granted') throw new Error('nobody else has it')
    const effects = { records: 1, writes: [], deliveries: [], parked: [], unparked: [] }
    await store.advance(attempt.lease, { ...effects, checkpoint: old(10) })
    await expect(store.register({ ...registration, start: now(0) })).rejects.toMatchObject({
      code: 'ERR_LOG_REPLACED',
    })
    // By another process, and twice: the first to come does it.
    await using another = await openJetStreamProcessorStore({ servers, name })
    await Promise.all([another.carryOver(halved), another.carryOver(halved)])
    await expect(store.advance(attempt.lease, { ...effects, checkpoint: old(12) })).rejects.toMatchObject({
      code: 'ERR_LOG_REPLACED',
    })
    const places = (await store.status()).map(({ processor, partition, checkpoint }) => [
      processor,
      partition,
      checkpoint,
    ])
    expect(places).toEqual([
      ['other', 0, { ...old(4), generation: 'else' }],
      ['other', 1, { ...old(4), generation: 'else' }],
      ['p', 0, now(5)],
      ['p', 1, now(2)],
    ])
    await store.register({ ...registration, start: now(0) })
    await store.advance(attempt.lease, { ...effects, checkpoint: now(6) })
  } finally {
    const connection = await connect({ servers })
    await connection.request(`$JS.API.STREAM.DELETE.KV_${name}`)
    await connection.close()
  }
})
