import { isRejection } from '@millrace/aggregates'
import { spec } from '@millrace/testing'
import { guardSpecs } from '@millrace/testing/vitest'
import fc from 'fast-check'
import { expect, test } from 'vitest'

import type { MetadataV3 } from '../events/metadata.ts'
import { Person } from '../events/person-events.ts'
import { mergeReasons } from '../events/values.ts'
import type { Attribute, Component } from '../events/values.ts'
import { personCommand, personCommandTypes } from './commands.ts'
import type { PersonCommand, PersonCommandInput } from './commands.ts'
import { personMachine } from './person-machine.ts'
import type { PersonState } from './person-state.ts'

guardSpecs()

const issued = { at: '2026-01-05T09:00:00Z', actor: 'clerk' }
const metadata: MetadataV3 = {
  version: 3,
  correlation_id: null,
  causation_id: null,
  timestamp: issued.at,
  actor: 'clerk',
  context: {},
  source_system: null,
  import_id: null,
}
const ada = { given: 'Ada', family: 'Byron' }
const countess = { given: 'Ada', family: 'Lovelace' }
const height: Attribute = {
  attribute_id: 'height',
  kind: 'height_cm',
  value: 170,
  valid_from: '2020-01-01',
  valid_until: null,
  provenance: { source: 'passport', confidence: 'certain', recorded_by: null },
}
const skill: Component = { component_id: 's1', component_type: 'skill', data: { name: 'analysis' } }

const created = Person.PersonCreated({ name: ada, source: 'registration', metadata })
const suspended = Person.PersonSuspended({ reason: 'under review', metadata })
const archived = Person.PersonArchived({ reason: 'retention', metadata })
const died = Person.DeathRecorded({ date_of_death: '2025-11-27', metadata })
const merged = Person.PersonMerged({ merged_into: 'grace', merge_reason: 'data-quality', metadata })

type Body<Input> = Input extends unknown ? Omit<Input, 'personId' | 'issued'> : never
const give = (body: Body<PersonCommandInput>): PersonCommand =>
  personCommand({ ...body, personId: 'ada', issued })

const person = spec(personMachine)
const active = person.given([created])

/** One of each that would be accepted of an active person without a past. */
const samples: Readonly<Record<PersonCommand['type'], PersonCommand>> = {
  createPerson: give({ type: 'createPerson', name: ada, source: 'registration' }),
  updateName: give({ type: 'updateName', name: countess }),
  setBirthDate: give({ type: 'setBirthDate', birthDate: '1815-12-10' }),
  recordDeath: give({ type: 'recordDeath', date: '2025-11-27' }),
  suspend: give({ type: 'suspend', reason: 'under review' }),
  reactivate: give({ type: 'reactivate' }),
  merge: give({ type: 'merge', into: 'grace', reason: 'duplicate-identity' }),
  archive: give({ type: 'archive', reason: 'retention' }),
  recordAttribute: give({ type: 'recordAttribute', attribute: height }),
  updateAttribute: give({ type: 'updateAttribute', attribute: { ...height, value: 171 } }),
  invalidateAttribute: give({
    type: 'invalidateAttribute',
    attributeId: 'height',
    invalidFrom: '2021-01-01',
    reason: 'mistaken',
  }),
  registerComponent: give({ type: 'registerComponent', componentType: 'skill' }),
  addComponent: give({ type: 'addComponent', component: skill }),
  updateComponent: give({ type: 'updateComponent', component: { ...skill, data: {} } }),
  removeComponent: give({ type: 'removeComponent', componentId: 's1' }),
}

test('a person is created once', () => {
  person
    .given([])
    .when(samples.createPerson)
    .then([created])
    .when(samples.createPerson)
    .rejects('command-not-accepted')
})

test('a draft takes nothing but its creation', () => {
  const others = personCommandTypes.filter((type) => type !== 'createPerson')
  for (const type of others) person.given([]).when(samples[type]).rejects('command-not-accepted')
})

test('a new name says what the old one was', () => {
  active
    .when(give({ type: 'updateName', name: countess, reason: 'marriage' }))
    .then([Person.NameUpdated({ old_name: ada, new_name: countess, change_reason: 'marriage', metadata })])
    .when(samples.updateName)
    .rejects('name-unchanged')
})

test('nobody is born or dies in the future, or dies before they are born', () => {
  const tomorrow = '2026-01-06'
  active.when(give({ type: 'setBirthDate', birthDate: tomorrow })).rejects('birth-date-in-future')
  active.when(give({ type: 'recordDeath', date: tomorrow })).rejects('death-in-future')
  active
    .when(samples.setBirthDate)
    .then([Person.BirthDateSet({ birth_date: '1815-12-10', metadata })])
    .when(samples.setBirthDate)
    .rejects('birth-date-unchanged')
    .when(give({ type: 'recordDeath', date: '1815-12-09' }))
    .rejects('death-before-birth')
    .when(samples.recordDeath)
    .then([died])
    .thenStateMatching({ kind: 'deceased', date: '2025-11-27' })
})

test('a suspended person can be reactivated, and takes no other change meanwhile', () => {
  const paused = active.when(samples.suspend).then([suspended])
  paused.thenStateMatching({ kind: 'suspended', reason: 'under review' })
  person.given([created, suspended]).when(samples.updateName).rejects('command-not-accepted')
  paused
    .when(give({ type: 'reactivate', reason: 'review passed' }))
    .then([Person.PersonActivated({ change_reason: 'review passed', metadata })])
    .thenStateMatching({ kind: 'active' })
    .when(samples.reactivate)
    .rejects('command-not-accepted')
})

test.each(mergeReasons)('a person is merged for a reason: %s', (reason) => {
  for (const history of [[created], [created, suspended]])
    person
      .given(history)
      .when(give({ type: 'merge', into: 'grace', reason }))
      .then([Person.PersonMerged({ merged_into: 'grace', merge_reason: reason, metadata })])
      .thenStateMatching({ kind: 'merged', into: 'grace', reason })
})

test('nobody is merged into themselves', () => {
  active
    .when(give({ type: 'merge', into: 'ada', reason: 'data-quality' }))
    .rejects('merge-into-itself', { state: 'active', command: 'merge', reasons: ['merge-into-itself'] })
})

test.each([
  ['archived', archived],
  ['deceased', died],
  ['merged', merged],
] as const)('%s is final: no command is accepted any more', (kind, last) => {
  for (const type of personCommandTypes)
    person.given([created, last]).when(samples[type]).rejects('state-is-final').thenStateMatching({ kind })
})

test('an attribute is recorded once, updated while it is valid, and invalidated once', () => {
  const taller = { ...height, value: 172, valid_from: '2022-01-01' }
  active
    .when(samples.recordAttribute)
    .then([Person.AttributeRecorded({ attribute: height, metadata })])
    .when(samples.recordAttribute)
    .rejects('attribute-already-recorded')
    .when(give({ type: 'updateAttribute', attribute: taller, reason: 'measured' }))
    .then([Person.AttributeUpdated({ old: height, new: taller, change_reason: 'measured', metadata })])
    .when(give({ type: 'updateAttribute', attribute: taller }))
    .rejects('attribute-unchanged')
    .when(samples.invalidateAttribute)
    .then([
      Person.AttributeInvalidated({
        attribute_id: 'height',
        reason: 'mistaken',
        invalid_from: '2021-01-01',
        metadata,
      }),
    ])
    .when(samples.invalidateAttribute)
    .rejects('attribute-invalidated')
    .when(give({ type: 'updateAttribute', attribute: height }))
    .rejects('attribute-invalidated')
})

test('an attribute that is not there cannot change, and none ends before it begins', () => {
  const backwards = { ...height, valid_until: height.valid_from }
  active.when(samples.updateAttribute).rejects('attribute-unknown')
  active.when(samples.invalidateAttribute).rejects('attribute-unknown')
  active
    .when(give({ type: 'recordAttribute', attribute: backwards }))
    .rejects('attribute-ends-before-it-begins')
  active
    .when(samples.recordAttribute)
    .then([Person.AttributeRecorded({ attribute: height, metadata })])
    .when(give({ type: 'updateAttribute', attribute: backwards }))
    .rejects('attribute-ends-before-it-begins')
})

test('components are of registered types, each added once, changed and removed while it is there', () => {
  active.when(samples.addComponent).rejects('component-type-not-registered')
  active.when(samples.updateComponent).rejects('component-unknown')
  active.when(samples.removeComponent).rejects('component-unknown')
  const changed = { ...skill, data: {} }
  active
    .when(samples.registerComponent)
    .then([Person.ComponentRegistered({ component_type: 'skill', metadata })])
    .when(samples.registerComponent)
    .rejects('component-type-already-registered')
    .when(samples.addComponent)
    .then([Person.ComponentAdded({ component: skill, metadata })])
    .when(samples.addComponent)
    .rejects('component-already-added')
    .when(give({ type: 'updateComponent', component: skill }))
    .rejects('component-unchanged')
    .when(give({ type: 'updateComponent', component: { ...skill, component_type: 'hobby' } }))
    .rejects('component-type-changed')
    .when(samples.updateComponent)
    .then([Person.ComponentUpdated({ old: skill, new: changed, metadata })])
    .thenStateMatching({ kind: 'active' })
    .when(samples.removeComponent)
    .then([Person.ComponentRemoved({ component_id: 's1', reason: null, metadata })])
})

test('who issued a command, where and in which conversation, is in its event', () => {
  const command = personCommand({
    type: 'createPerson',
    personId: 'ada',
    name: ada,
    source: 'registration',
    issued: {
      at: issued.at,
      correlationId: 'c',
      causationId: 'd',
      context: { desk: '4' },
      sourceSystem: 'hr',
      importId: 'i7',
    },
  })
  person
    .given([])
    .when(command)
    .thenMatching([
      {
        type: 'PersonCreated',
        data: {
          metadata: {
            correlation_id: 'c',
            causation_id: 'd',
            context: { desk: '4' },
            source_system: 'hr',
            import_id: 'i7',
            actor: null,
          },
        },
      },
    ])
})

test('replaying what was decided gives the state that was lived, whatever was asked for', () => {
  const commands = fc.array(fc.constantFrom(...Object.values(samples)), { maxLength: 40 })
  fc.assert(
    fc.property(commands, (given) => {
      let live: PersonState = personMachine.initial()
      const events = []
      for (const command of given) {
        const moved = personMachine.transition(live, command)
        expect(isRejection(moved)).toBe(!personMachine.can(live, command))
        if (moved.kind !== 'moved') continue
        live = moved.state
        events.push(moved.event)
      }
      let replayed: PersonState = personMachine.initial()
      for (const event of events) replayed = personMachine.evolve(replayed, event)
      expect(replayed).toEqual(live)
    }),
  )
})
