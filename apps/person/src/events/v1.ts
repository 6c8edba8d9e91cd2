import { defineEvents } from '@millrace/contracts'
import type { NewEventOf } from '@millrace/contracts'
import { z } from 'zod'

import { attributeSchema, daySchema, instantSchema, nameSchema, textSchema } from './values.ts'

/** The first generation spelt its merge reasons as its language spelt variants. */
export const mergeReasonsV1 = [
  'DuplicateIdentity',
  'DataQuality',
  'UserRequested',
  'PolicyDetermined',
] as const

/**
 * The first generation of events: each with a timestamp of its own under a name of its own, and none that says who did
 * it. No longer written; kept to read what was.
 */
export const PersonV1 = defineEvents({
  PersonCreated: z.strictObject({ name: nameSchema, source: textSchema, created_at: instantSchema }),
  NameUpdated: z.strictObject({
    old_name: nameSchema,
    new_name: nameSchema,
    reason: textSchema.nullable(),
    updated_at: instantSchema,
  }),
  PersonUpdated: z.strictObject({
    name: z.strictObject({ old: nameSchema, new: nameSchema }).optional(),
    birth_date: daySchema.optional(),
    updated_at: instantSchema,
  }),
  BirthDateSet: z.strictObject({ birth_date: daySchema, set_at: instantSchema }),
  DeathRecorded: z.strictObject({ date_of_death: daySchema, recorded_at: instantSchema }),
  PersonDeactivated: z.strictObject({ reason: textSchema, deactivated_at: instantSchema }),
  PersonReactivated: z.strictObject({ reason: textSchema.nullable(), reactivated_at: instantSchema }),
  PersonMergedInto: z.strictObject({
    merged_into: textSchema,
    merge_reason: z.enum(mergeReasonsV1),
    merged_at: instantSchema,
  }),
  AttributeRecorded: z.strictObject({ attribute: attributeSchema, recorded_at: instantSchema }),
  AttributeUpdated: z.strictObject({ old: attributeSchema, new: attributeSchema, updated_at: instantSchema }),
  AttributeInvalidated: z.strictObject({
    attribute_id: textSchema,
    reason: textSchema,
    invalid_from: daySchema,
    invalidated_at: instantSchema,
  }),
})

export type PersonEventV1 = NewEventOf<typeof PersonV1>
/** The data of one kind of the first generation. */
export type DataV1<Kind extends PersonEventV1['type']> = Extract<
  PersonEventV1,
  { readonly type: Kind }
>['data']
