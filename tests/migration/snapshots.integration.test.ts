import { createAggregates } from '@millrace/aggregates'
import { openMemorySnapshots } from '@millrace/memory'
import { personDecider, personDecoding, PersonV1 } from '@millrace/person'
import type { Person, PersonState } from '@millrace/person'
import { createSnapshots, defineSnapshots } from '@millrace/snapshots'
import { expect, inject, test, vi } from 'vitest'

import { migrate } from './support/command.ts'
import { person } from './support/history.ts'
import { newPlace, placeKinds } from './support/places.ts'

vi.setConfig({ testTimeout: 120_000 })

const at = '2014-05-01T12:00:00Z'
const [ada, countess] = [
  { given: 'Ada', family: 'Byron' },
  { given: 'Ada', family: 'Lovelace' },
]
const attribute = {
  attribute_id: 'a1',
  kind: 'city',
  value: 'London',
  valid_from: '2014-05-01',
  valid_until: null,
  provenance: { source: 'registration', confidence: 'certain', recorded_by: null },
} as const

/** One commit, in which the second event becomes two: in the copy the third version is no longer its last. */
const life = [
  PersonV1.PersonCreated({ name: ada, source: 'registration', created_at: at }),
  PersonV1.PersonUpdated({ name: { old: ada, new: countess }, birth_date: '1815-12-10', updated_at: at }),
  PersonV1.AttributeRecorded({ attribute, recorded_at: at }),
]

test.each([...placeKinds])('a snapshot from before a swap on %s is not gone on from', async (kind) => {
  await using place = await newPlace(kind, inject('servers'))
  const saved = openMemorySnapshots()
  const definition = defineSnapshots({ category: 'person', decider: personDecider, schemaVersion: 1 })
  const load = async (): Promise<PersonState> => {
    await using store = await place.open()
    await using snapshots = createSnapshots(definition, { store: saved, threshold: 1 })
    const people = createAggregates<PersonState, never, typeof Person>({
      store,
      category: 'person',
      decider: personDecider,
      decoding: personDecoding,
      snapshots,
    })
    const { state } = await people.load('v1-000000')
    await snapshots.settled()
    return state
  }
  {
    await using store = await place.open()
    await store.append(person(0), life, { expectedVersion: 'no-stream' })
  }
  const before = await load()
  expect(await saved.latest(person(0), { name: 'person' })).toMatchObject({ version: 3 })
  for (const verb of ['run', 'swap']) expect(await migrate(place, verb)).toMatchObject({ code: 0 })
  expect(await load()).toEqual(before)
  expect(await saved.latest(person(0), { name: 'person' })).toMatchObject({ version: 4 })
  expect(await load()).toEqual(before)
})
