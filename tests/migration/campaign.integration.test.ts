import { expect, inject, test, vi } from 'vitest'

import { runCampaign } from './support/campaign.ts'
import { placeKinds } from './support/places.ts'

vi.setConfig({ testTimeout: 600_000 })

test.each([...placeKinds])(
  'a migration on %s changes nothing when it only looks, survives three kills, verifies, and names what is broken',
  async (kind) => {
    const { problems } = await runCampaign({ kind, servers: inject('servers'), people: 300, batchSize: 400 })
    expect(problems).toEqual([])
  },
)
