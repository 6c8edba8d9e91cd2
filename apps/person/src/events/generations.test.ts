import type { NewEvent } from '@millrace/contracts'
import { specDowncasters, specUpcasters } from '@millrace/testing'
import { guardSpecs } from '@millrace/testing/vitest'
import { expect, test } from 'vitest'

import { v1Histories } from '../samples/v1-histories.ts'
import { personDowncasters } from './downcasters.ts'
import type { MetadataV2, MetadataV3 } from './metadata.ts'
import { Person } from './person-events.ts'
import type { PersonEvent } from './person-events.ts'
import { personUpcasters } from './upcasters.ts'
import { PersonV1 } from './v1.ts'
import type { PersonEventV1 } from './v1.ts'
import { PersonV2 } from './v2.ts'
import type { PersonEventV2 } from './v2.ts'

guardSpecs()

const at = '2014-05-01T12:00:00.000Z'
const name = { given: 'Ada', family: 'Byron' }
const countess = { given: 'Ada', family: 'Lovelace' }
const attribute = {
  attribute_id: 'a1',
  kind: 'city',
  value: 'London',
  valid_from: '2014-01-01',
  valid_until: null,
  provenance: { source: 'registry', confidence: 'certain', recorded_by: null },
} as const
const component = { component_id: 'c1', component_type: 'skill', data: { level: 3 } }
const unknown = { correlation_id: null, causation_id: null, actor: null }
const metadata: MetadataV2 = { version: 2, ...unknown, timestamp: at, context: {} }
const today: MetadataV3 = { ...metadata, version: 3, source_system: null, import_id: null }

/** Every kind of the first generation beside what it is today. */
const lifted: readonly (readonly [PersonEventV1, ...PersonEvent[]])[] = [
  [
    PersonV1.PersonCreated({ name, source: 'hr', created_at: at }),
    Person.PersonCreated({ name, source: 'hr', metadata: today }),
  ],
  [
    PersonV1.NameUpdated({ old_name: name, new_name: countess, reason: 'marriage', updated_at: at }),
    Person.NameUpdated({ old_name: name, new_name: countess, change_reason: 'marriage', metadata: today }),
  ],
  [
    PersonV1.PersonUpdated({ name: { old: name, new: countess }, birth_date: '1815-12-10', updated_at: at }),
    Person.NameUpdated({ old_name: name, new_name: countess, change_reason: null, metadata: today }),
    Person.BirthDateSet({ birth_date: '1815-12-10', metadata: today }),
  ],
  [
    PersonV1.BirthDateSet({ birth_date: '1815-12-10', set_at: at }),
    Person.BirthDateSet({ birth_date: '1815-12-10', metadata: today }),
  ],
  [
    PersonV1.DeathRecorded({ date_of_death: '1852-11-27', recorded_at: at }),
    Person.DeathRecorded({ date_of_death: '1852-11-27', metadata: today }),
  ],
  [
    PersonV1.PersonDeactivated({ reason: 'under review', deactivated_at: at }),
    Person.PersonSuspended({ reason: 'under review', metadata: today }),
  ],
  [
    PersonV1.PersonReactivated({ reason: null, reactivated_at: at }),
    Person.PersonActivated({ change_reason: null, metadata: today }),
  ],
  [
    PersonV1.PersonMergedInto({ merged_into: 'grace', merge_reason: 'DataQuality', merged_at: at }),
    Person.PersonMerged({ merged_into: 'grace', merge_reason: 'data-quality', metadata: today }),
  ],
  [
    PersonV1.AttributeRecorded({ attribute, recorded_at: at }),
    Person.AttributeRecorded({ attribute, metadata: today }),
  ],
  [
    PersonV1.AttributeUpdated({ old: attribute, new: { ...attribute, value: 'Ockham' }, updated_at: at }),
    Person.AttributeUpdated({
      old: attribute,
      new: { ...attribute, value: 'Ockham' },
      change_reason: null,
      metadata: today,
    }),
  ],
  [
    PersonV1.AttributeInvalidated({
      attribute_id: 'a1',
      reason: 'moved',
      invalid_from: '2014-04-01',
      invalidated_at: at,
    }),
    Person.AttributeInvalidated({
      attribute_id: 'a1',
      reason: 'moved',
      invalid_from: '2014-04-01',
      metadata: today,
    }),
  ],
]

/** What only later generations say. */
const unheardOf: readonly PersonEventV2[] = [
  PersonV2.PersonArchived({ reason: 'retention', metadata }),
  PersonV2.ComponentRegistered({ component_type: 'skill', metadata }),
  PersonV2.ComponentAdded({ component, metadata }),
  PersonV2.ComponentUpdated({ old: component, new: { ...component, data: {} }, metadata }),
  PersonV2.ComponentRemoved({ component_id: 'c1', reason: null, metadata }),
]

const upcast = specUpcasters(personUpcasters)
const downcast = specDowncasters(personDowncasters)

test('every kind of the first generation has its place here', () => {
  expect(lifted.map(([old]) => old.type)).toEqual(PersonV1.$.types)
})

test.each(lifted.map(([old, ...current]) => ({ type: old.type, old, current })))(
  '$type of the first generation is read as today',
  ({ old, current }) => {
    upcast.given(old).becomes(current)
  },
)

test('an update that said nothing is dropped', () => {
  upcast.given(PersonV1.PersonUpdated({ updated_at: at })).becomesNothing()
})

test('who and why of the first generation stand beside its events', () => {
  const event: NewEvent = {
    ...PersonV1.BirthDateSet({ birth_date: '1815-12-10', set_at: at }),
    metadata: { correlationId: 'c', causationId: 'd', actor: { kind: 'user', id: 'clerk' } },
  }
  const known = { ...today, correlation_id: 'c', causation_id: 'd', actor: 'clerk' }
  upcast.given(event).becomes([Person.BirthDateSet({ birth_date: '1815-12-10', metadata: known })])
})

test.each(
  lifted.filter(([old]) => old.type !== 'PersonUpdated').map(([old, ...current]) => ({ old, current })),
)('readers of the first generation get $old.type back as it was', ({ old, current: [current] }) => {
  if (current === undefined) throw new Error('every kind but one becomes something')
  downcast.given(current).as(1).becomes([old])
})

test.each(unheardOf)('the first generation has no words for $type', (event) => {
  downcast.given(event).as(1).throws({ code: 'ERR_DOWNCAST_FAILED', eventType: event.type, toVersion: 1 })
})

test.each(unheardOf)('$type of the second generation is read as today, and back', (event) => {
  const [current] = personUpcasters.migrateToCurrent(event.type, event.data, { schemaVersion: 2 })
  if (current === undefined) throw new Error('nothing is dropped here')
  expect(current).toMatchObject({ type: event.type, schemaVersion: 3, data: { metadata: { version: 3 } } })
  downcast.given(current).as(2).becomes([event])
})

test('system and import move from the context into fields of their own, and back', () => {
  const context = { source_system: 'hr', import_id: 'i7', desk: '4' }
  const before = PersonV2.PersonSuspended({ reason: 'r', metadata: { ...metadata, context } })
  const after = Person.PersonSuspended({
    reason: 'r',
    metadata: { ...today, context: { desk: '4' }, source_system: 'hr', import_id: 'i7' },
  })
  upcast.given(before).becomes([after])
  downcast.given(after).as(2).becomes([before])
})

test('lifting to the second generation and on is the same as lifting at once', () => {
  for (const { events } of v1Histories({ events: 500, seed: 5 }))
    for (const { type, data } of events) {
      const atOnce = personUpcasters.migrateToCurrent(type, data)
      const secondGeneration = atOnce.map((event) =>
        PersonV2[event.type]({ ...event.data, metadata: lower(event.data.metadata) } as never),
      )
      const inSteps = secondGeneration.flatMap((event) =>
        personUpcasters.migrateToCurrent(event.type, event.data, { schemaVersion: 2 }),
      )
      expect(inSteps).toEqual(atOnce)
    }
})

/** Of an event without system and import. */
function lower({ source_system: _system, import_id: _import, ...common }: MetadataV3): MetadataV2 {
  return { ...common, version: 2 }
}
