import { defineEvents } from '@millrace/contracts'
import type { NewEventOf } from '@millrace/contracts'
import { z } from 'zod'

import { bodies } from './bodies.ts'
import type { PersonEventKind } from './bodies.ts'
import { metadataSchemaV3 } from './metadata.ts'

const generation3 = <Body extends z.ZodRawShape>(body: Body) => ({
  schema: z.strictObject({ ...body, metadata: metadataSchemaV3 }),
  version: 3,
})

/** The events of today, the third generation. */
export const Person = defineEvents({
  PersonCreated: generation3(bodies.PersonCreated),
  NameUpdated: generation3(bodies.NameUpdated),
  BirthDateSet: generation3(bodies.BirthDateSet),
  DeathRecorded: generation3(bodies.DeathRecorded),
  PersonActivated: generation3(bodies.PersonActivated),
  PersonSuspended: generation3(bodies.PersonSuspended),
  PersonArchived: generation3(bodies.PersonArchived),
  PersonMerged: generation3(bodies.PersonMerged),
  AttributeRecorded: generation3(bodies.AttributeRecorded),
  AttributeUpdated: generation3(bodies.AttributeUpdated),
  AttributeInvalidated: generation3(bodies.AttributeInvalidated),
  ComponentRegistered: generation3(bodies.ComponentRegistered),
  ComponentAdded: generation3(bodies.ComponentAdded),
  ComponentUpdated: generation3(bodies.ComponentUpdated),
  ComponentRemoved: generation3(bodies.ComponentRemoved),
})

export type PersonEvent = NewEventOf<typeof Person>

/** The data of one kind. */
export type PersonData<Kind extends PersonEventKind> = Extract<PersonEvent, { readonly type: Kind }>['data']
