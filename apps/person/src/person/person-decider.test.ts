import { spec } from '@millrace/testing'
import { guardSpecs } from '@millrace/testing/vitest'
import { test } from 'vitest'

import { personCommand } from './commands.ts'
import { personDecider } from './person-decider.ts'

guardSpecs()

const to = { personId: 'ada', issued: { at: '2026-01-05T09:00:00Z' } }
const name = { given: 'Ada', family: 'Lovelace' }
const create = personCommand({ type: 'createPerson', name, source: 'registration', ...to })
const register = personCommand({ type: 'registerComponent', componentType: 'skill', ...to })
const suspend = personCommand({ type: 'suspend', reason: 'under review', ...to })

test('several commands are accepted together, each on what the ones before it led to', () => {
  spec(personDecider)
    .given([])
    .when([create, register, suspend])
    .thenMatching([{ type: 'PersonCreated' }, { type: 'ComponentRegistered' }, { type: 'PersonSuspended' }])
    .thenStateMatching({ kind: 'suspended' })
})

test('of several commands none is accepted where one is refused', () => {
  spec(personDecider).given([]).when([create, suspend, register]).rejects('command-not-accepted')
})

test('one command is decided as the machine decides it', () => {
  spec(personDecider)
    .given([])
    .when(create)
    .thenMatching([{ type: 'PersonCreated' }])
    .when(create)
    .rejects('command-not-accepted')
})
