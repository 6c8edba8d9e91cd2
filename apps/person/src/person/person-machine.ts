import { defineMachine } from '@millrace/aggregates'

import type { Person, PersonData } from '../events/person-events.ts'
import { Person as events } from '../events/person-events.ts'
import type { PersonCommand } from './commands.ts'
import { detailsAfter } from './details.ts'
import { facts } from './facts.ts'
import type { PersonDetails, PersonState } from './person-state.ts'
import { rules } from './rules.ts'

interface Known {
  readonly details: PersonDetails
}

interface Fact<Data> {
  readonly data: Data
}

/** Stays active; only what is known of the person changes. */
function known<Data>(after: (details: PersonDetails, data: Data) => PersonDetails) {
  return ({ details }: Known, { data }: Fact<Data>) => ({
    kind: 'active' as const,
    details: after(details, data),
  })
}

/** The same from active and from suspended: what ends a life, a record or an identity. */
const endings = {
  recordDeath: {
    emits: 'DeathRecorded',
    to: 'deceased',
    guards: rules.recordDeath,
    event: facts.recordDeath,
    next: ({ details }: Known, { data }: Fact<PersonData<'DeathRecorded'>>) => ({
      kind: 'deceased' as const,
      date: data.date_of_death,
      details,
    }),
  },
  merge: {
    emits: 'PersonMerged',
    to: 'merged',
    guards: rules.merge,
    event: facts.merge,
    next: ({ details }: Known, { data }: Fact<PersonData<'PersonMerged'>>) => ({
      kind: 'merged' as const,
      into: data.merged_into,
      reason: data.merge_reason,
      details,
    }),
  },
  archive: {
    emits: 'PersonArchived',
    to: 'archived',
    event: facts.archive,
    next: ({ details }: Known, { data }: Fact<PersonData<'PersonArchived'>>) => ({
      kind: 'archived' as const,
      reason: data.reason,
      details,
    }),
  },
} as const

/** The life of a person's record: what each state accepts, why it refuses, and what becomes of it. */
export const personMachine = defineMachine<PersonState, PersonCommand, typeof Person>({
  events,
  initial: { kind: 'draft' },
  states: {
    draft: {
      on: {
        createPerson: {
          emits: 'PersonCreated',
          to: 'active',
          event: facts.createPerson,
          next: (_, { data }) => ({ kind: 'active', details: detailsAfter.PersonCreated(data) }),
        },
      },
    },
    active: {
      on: {
        updateName: {
          emits: 'NameUpdated',
          to: 'active',
          guards: rules.updateName,
          event: facts.updateName,
          next: known(detailsAfter.NameUpdated),
        },
        setBirthDate: {
          emits: 'BirthDateSet',
          to: 'active',
          guards: rules.setBirthDate,
          event: facts.setBirthDate,
          next: known(detailsAfter.BirthDateSet),
        },
        recordAttribute: {
          emits: 'AttributeRecorded',
          to: 'active',
          guards: rules.recordAttribute,
          event: facts.recordAttribute,
          next: known(detailsAfter.AttributeRecorded),
        },
        updateAttribute: {
          emits: 'AttributeUpdated',
          to: 'active',
          guards: rules.updateAttribute,
          event: facts.updateAttribute,
          next: known(detailsAfter.AttributeUpdated),
        },
        invalidateAttribute: {
          emits: 'AttributeInvalidated',
          to: 'active',
          guards: rules.invalidateAttribute,
          event: facts.invalidateAttribute,
          next: known(detailsAfter.AttributeInvalidated),
        },
        registerComponent: {
          emits: 'ComponentRegistered',
          to: 'active',
          guards: rules.registerComponent,
          event: facts.registerComponent,
          next: known(detailsAfter.ComponentRegistered),
        },
        addComponent: {
          emits: 'ComponentAdded',
          to: 'active',
          guards: rules.addComponent,
          event: facts.addComponent,
          next: known(detailsAfter.ComponentAdded),
        },
        updateComponent: {
          emits: 'ComponentUpdated',
          to: 'active',
          guards: rules.updateComponent,
          event: facts.updateComponent,
          next: known(detailsAfter.ComponentUpdated),
        },
        removeComponent: {
          emits: 'ComponentRemoved',
          to: 'active',
          guards: rules.removeComponent,
          event: facts.removeComponent,
          next: known(detailsAfter.ComponentRemoved),
        },
        suspend: {
          emits: 'PersonSuspended',
          to: 'suspended',
          event: facts.suspend,
          next: ({ details }, { data }) => ({ kind: 'suspended', reason: data.reason, details }),
        },
        ...endings,
      },
    },
    suspended: {
      on: {
        reactivate: {
          emits: 'PersonActivated',
          to: 'active',
          event: facts.reactivate,
          next: ({ details }) => ({ kind: 'active', details }),
        },
        ...endings,
      },
    },
    archived: { terminal: true },
    deceased: { terminal: true },
    merged: { terminal: true },
  },
})
