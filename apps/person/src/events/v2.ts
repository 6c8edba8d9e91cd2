import { defineEvents } from '@millrace/contracts'
import type { NewEventOf } from '@millrace/contracts'
import { z } from 'zod'

import { bodies } from './bodies.ts'
import type { PersonEventKind } from './bodies.ts'
import { metadataSchemaV2 } from './metadata.ts'

const generation2 = <Body extends z.ZodRawShape>(body: Body) => ({
  schema: z.strictObject({ ...body, metadata: metadataSchemaV2 }),
  version: 2,
})

/** The second generation: common metadata, and what happened named for what it is. No longer written. */
export const PersonV2 = defineEvents({
  PersonCreated: generation2(bodies.PersonCreated),
  NameUpdated: generation2(bodies.NameUpdated),
  BirthDateSet: generation2(bodies.BirthDateSet),
  DeathRecorded: generation2(bodies.DeathRecorded),
  PersonActivated: generation2(bodies.PersonActivated),
  PersonSuspended: generation2(bodies.PersonSuspended),
  PersonArchived: generation2(bodies.PersonArchived),
  PersonMerged: generation2(bodies.PersonMerged),
  AttributeRecorded: generation2(bodies.AttributeRecorded),
  AttributeUpdated: generation2(bodies.AttributeUpdated),
  AttributeInvalidated: generation2(bodies.AttributeInvalidated),
  ComponentRegistered: generation2(bodies.ComponentRegistered),
  ComponentAdded: generation2(bodies.ComponentAdded),
  ComponentUpdated: generation2(bodies.ComponentUpdated),
  ComponentRemoved: generation2(bodies.ComponentRemoved),
})

export type PersonEventV2 = NewEventOf<typeof PersonV2>

/** The data of one kind. */
export type DataV2<Kind extends PersonEventKind> = Extract<PersonEventV2, { readonly type: Kind }>['data']
