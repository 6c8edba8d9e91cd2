import { z } from 'zod'

/** Text of a person's record: not empty, not white space at its ends. */
export const textSchema = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => text.trim() === text, 'must not begin or end with white space')

/** A calendar day, `2024-02-29`. */
export const daySchema = z.iso.date()

/** An instant in UTC, `2024-02-29T12:00:00Z` or with milliseconds. */
export const instantSchema = z.iso.datetime()

/** How a person is called. */
export const nameSchema = z.strictObject({ given: textSchema, family: textSchema })
export type PersonName = z.infer<typeof nameSchema>

/** Where a statement about a person comes from, and how sure that is. */
const provenanceSchema = z.strictObject({
  source: textSchema,
  confidence: z.enum(['certain', 'likely', 'estimated']),
  recorded_by: textSchema.nullable(),
})

/** A statement about a person that holds from one day to another. */
export const attributeSchema = z.strictObject({
  attribute_id: textSchema,
  kind: textSchema,
  value: z.union([z.string().max(1000), z.number(), z.boolean()]),
  valid_from: daySchema,
  /** The first day it no longer holds; null while no end is known. */
  valid_until: daySchema.nullable(),
  provenance: provenanceSchema,
})
export type Attribute = z.infer<typeof attributeSchema>

/** Why two records became one. */
export const mergeReasons = [
  'duplicate-identity',
  'data-quality',
  'user-requested',
  'policy-determined',
] as const
export const mergeReasonSchema = z.enum(mergeReasons)
export type MergeReason = z.infer<typeof mergeReasonSchema>

/** A part of a person's profile that other modules own: contact, skill, employment. */
export const componentSchema = z.strictObject({
  component_id: textSchema,
  component_type: textSchema,
  data: z.record(z.string(), z.union([z.string().max(1000), z.number(), z.boolean(), z.null()])),
})
export type Component = z.infer<typeof componentSchema>
