import { expect, inject, test, vi } from 'vitest'

import { litterLog } from './support/broken.ts'
import { misnamed, runCampaign } from './support/campaign.ts'
import type { SetAside } from './support/campaign.ts'
import { migrate, migrateJson } from './support/command.ts'
import { writePeople } from './support/history.ts'
import { newPlace, placeKinds } from './support/places.ts'

vi.setConfig({ testTimeout: 600_000 })

test.each([...placeKinds])(
  'a migration on %s changes nothing when it only looks, survives three kills, verifies, and names what is broken',
  async (kind) => {
    const { problems } = await runCampaign({
      kind,
      servers: inject('servers'),
      events: 3_000,
      batchSize: 400,
    })
    expect(problems).toEqual([])
  },
)

test.each([...placeKinds])('what nobody can read on %s is named, and the rest is copied', async (kind) => {
  await using place = await newPlace(kind, inject('servers'))
  let lifted
  {
    await using store = await place.open()
    lifted = (await writePeople(store, 40)).lifted
  }
  const broken = await litterLog(place)
  const { code, result } = await migrateJson(place, 'run')
  expect(code).toBe(1)
  expect(result).toMatchObject({ complete: true, events: { written: lifted, setAside: broken.length } })
  expect(misnamed(broken, (result as { readonly setAside: readonly SetAside[] }).setAside)).toEqual([])
})

test.each([
  ['jetstream', ['--stream', 'a.b'], 2],
  ['jetstream', ['--batch-size', '100001'], 4],
  ['postgres', ['--stream', 'a.b.c.d'], 5],
  ['postgres', ['--stream', 'x"; drop schema y; --'], 5],
  ['postgres', ['--to', 'a b'], 2],
  ['postgres', ['--batch-size', '100001'], 4],
] as const)('on %s a wrong setting is told before anything is made: %j', async (kind, wrong, code) => {
  await using place = await newPlace(kind, inject('servers'))
  {
    await using store = await place.open()
    await writePeople(store, 3)
  }
  const before = await place.picture()
  const told = await migrate(place, 'run', wrong)
  expect(told).toMatchObject({ code })
  expect(told.stderr).toMatch(/^error: [^\n]+\n$/)
  expect(await place.picture()).toEqual(before)
})
