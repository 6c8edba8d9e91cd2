import { fold } from '@millrace/aggregates'
import type { NewEvent } from '@millrace/contracts'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import { personUpcasters } from '../events/upcasters.ts'
import { PersonV1 } from '../events/v1.ts'
import { v1Histories } from '../samples/v1-histories.ts'
import { personDecider } from './person-decider.ts'
import { personMachine } from './person-machine.ts'
import type { PersonState } from './person-state.ts'

const at = '2014-05-01T12:00:00Z'
const ada = { given: 'Ada', family: 'Byron' }
const countess = { given: 'Ada', family: 'Lovelace' }
const created = PersonV1.PersonCreated({ name: ada, source: 'registration', created_at: at })
const renamed = PersonV1.NameUpdated({ old_name: ada, new_name: countess, reason: null, updated_at: at })
const deactivated = PersonV1.PersonDeactivated({ reason: 'on request', deactivated_at: at })
const reactivated = PersonV1.PersonReactivated({ reason: null, reactivated_at: at })
const died = PersonV1.DeathRecorded({ date_of_death: '1852-11-27', recorded_at: at })

function today(events: readonly NewEvent[]) {
  return events.flatMap(({ type, data }) => personUpcasters.migrateToCurrent(type, data))
}

const lived = (...events: readonly NewEvent[]): PersonState => fold(personDecider, today(events))

test('who was renamed while suspended stays suspended, under the new name', () => {
  expect(lived(created, deactivated, renamed)).toMatchObject({
    kind: 'suspended',
    details: { name: countess },
  })
})

test('who was corrected after their death stays deceased', () => {
  expect(lived(created, died, renamed, reactivated)).toMatchObject({
    kind: 'deceased',
    date: '1852-11-27',
    details: { name: countess },
  })
})

test('a second creation and a second activation change nothing', () => {
  const again = PersonV1.PersonCreated({ name: countess, source: 'hr-import', created_at: at })
  expect(lived(created, again, reactivated)).toEqual(lived(created))
})

test('a history without its beginning is a draft', () => {
  expect(lived(renamed, deactivated)).toEqual({ kind: 'draft' })
})

test('any order of what was recorded can be loaded, and what has its place is as the machine has it', () => {
  const known = [...v1Histories({ events: 200, seed: 4 })].flatMap(({ events }) => today(events))
  fc.assert(
    fc.property(fc.shuffledSubarray(known), (events) => {
      const states = new Set(['draft', 'active', 'suspended', 'archived', 'deceased', 'merged'])
      expect(states).toContain(fold(personDecider, events).kind)
    }),
  )
  for (const { events } of v1Histories({ events: 500, seed: 5 }))
    expect(fold(personDecider, today(events))).toEqual(fold(personMachine, today(events)))
})
