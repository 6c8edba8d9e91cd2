import { expect, inject, test } from 'vitest'

import { chooseSeed } from '../support/random.ts'
import { freshName } from './crash-scene.ts'
import { projectorPlaces, runKillCampaign } from './kill-campaign.ts'
import { runLockFight } from './lock-fight.ts'

const seed = chooseSeed()
const randomKills = 20

test(`a projector killed anywhere leaves a read model equal to a fresh replay (MILLRACE_SEED=${seed})`, async () => {
  const { postgres } = inject('servers')
  const options = { postgres, events: 4_000, batchSize: 100, ttlMs: 1_000, seed, randomKills }
  const { kills, hits, failed } = await runKillCampaign(options)
  expect(failed).toEqual([])
  expect(kills).toHaveLength(projectorPlaces.length + randomKills)
  // Those drawn by lot may come too late, but not many of them.
  expect(hits).toBeGreaterThanOrEqual(projectorPlaces.length + randomKills / 2)
}, 300_000)

type Locks = Parameters<typeof runLockFight>[0]['locks']

const drivers: readonly (readonly [string, () => Locks])[] = [
  ['the database', () => ({ kind: 'postgres' })],
  ['JetStream', () => ({ kind: 'jetstream', servers: inject('servers').nats, name: freshName('fight') })],
]

const mostFights = 5

test.for(drivers)(
  'a holder of a lock in %s that stands still is overtaken, and refused when it writes',
  { timeout: 120_000 },
  async ([, locks]) => {
    let refused = 0
    // Whether the holder writes or first sees that its time is up is a race within it: one refusal has to be seen.
    for (let fight = 1; fight <= mostFights && refused === 0; fight++) {
      const { takeoverMs, fenceRejections, epochs, problems } = await runLockFight({
        postgres: inject('servers').postgres,
        locks: locks(),
        events: 3_000,
        batchSize: 100,
        ttlMs: 2_000,
        seed,
        stoppedMs: 5_000,
      })
      expect(takeoverMs).toBeGreaterThan(500)
      expect(takeoverMs).toBeLessThan(5_000)
      expect(epochs[1]).toBeGreaterThan(epochs[0])
      expect(problems).toEqual([])
      refused += fenceRejections
    }
    expect(refused).toBeGreaterThanOrEqual(1)
  },
)
