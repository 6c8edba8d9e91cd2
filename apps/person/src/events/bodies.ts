import {
  attributeSchema,
  componentSchema,
  daySchema,
  mergeReasonSchema,
  nameSchema,
  textSchema,
} from './values.ts'

/** What the second and the third generation say of a person; they differ in their metadata only. */
export const bodies = {
  PersonCreated: { name: nameSchema, source: textSchema },
  NameUpdated: { old_name: nameSchema, new_name: nameSchema, change_reason: textSchema.nullable() },
  BirthDateSet: { birth_date: daySchema },
  DeathRecorded: { date_of_death: daySchema },
  PersonActivated: { change_reason: textSchema.nullable() },
  PersonSuspended: { reason: textSchema },
  PersonArchived: { reason: textSchema },
  PersonMerged: { merged_into: textSchema, merge_reason: mergeReasonSchema },
  AttributeRecorded: { attribute: attributeSchema },
  AttributeUpdated: { old: attributeSchema, new: attributeSchema, change_reason: textSchema.nullable() },
  AttributeInvalidated: { attribute_id: textSchema, reason: textSchema, invalid_from: daySchema },
  ComponentRegistered: { component_type: textSchema },
  ComponentAdded: { component: componentSchema },
  ComponentUpdated: { old: componentSchema, new: componentSchema },
  ComponentRemoved: { component_id: textSchema, reason: textSchema.nullable() },
} as const

/** The kinds of the second and third generation. */
export type PersonEventKind = keyof typeof bodies
