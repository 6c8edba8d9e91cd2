import { chooseSeed } from '@millrace/testing'
import { expect, inject, test } from 'vitest'

import { listenerPlaces, runKillCampaign } from './kill-campaign.ts'

const seed = chooseSeed()
const randomKills = 20
/** Of 36: those before a first sending cannot. */
const leastInWindow = 12
const leaseTtlMs = 500

test('an attempt that a kill cuts off shows as unknown before its delivery runs again', async () => {
  const { postgres } = inject('servers')
  const places = Array.from({ length: 4 }, () => ({ at: 'action:after-send', passing: 9 }) as const)
  const seen = await runKillCampaign({ postgres, seed, places, randomKills: 0, leaseTtlMs })
  expect(seen.problems.slice(0, 10)).toEqual([])
  expect(seen.inWindow).toBe(places.length)
  expect(seen.shown).toBe(seen.sentCut)
}, 120_000)

test(`a listener killed anywhere loses no delivery, records none twice, and repeats none unseen (MILLRACE_SEED=${seed})`, async () => {
  const { postgres } = inject('servers')
  const seen = await runKillCampaign({ postgres, seed, randomKills, leaseTtlMs })
  console.log(
    `${seed}: ${seen.inWindow} of ${seen.kills.length} kills between a sending and its record; ${seen.delivered} deliveries, ${seen.cut} attempts cut off, ${seen.sentCut} of them sent`,
  )
  expect(seen.problems.slice(0, 10)).toEqual([])
  expect(seen.kills).toHaveLength(listenerPlaces.length + randomKills)
  expect(seen.inWindow).toBeGreaterThanOrEqual(leastInWindow)
  expect(seen.shown).toBe(seen.sentCut)
}, 300_000)
