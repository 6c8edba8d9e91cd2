import { z } from 'zod'

import { instantSchema, textSchema } from './values.ts'

const common = {
  correlation_id: textSchema.nullable(),
  causation_id: textSchema.nullable(),
  timestamp: instantSchema,
  /** Who did it, where that is known. */
  actor: textSchema.nullable(),
  context: z.record(z.string(), z.string()),
}

/** What every event of the second generation says of itself. */
export const metadataSchemaV2 = z.strictObject({ version: z.literal(2), ...common })
export type MetadataV2 = z.infer<typeof metadataSchemaV2>

/** The third generation also says which system and which import an event came from. */
export const metadataSchemaV3 = z.strictObject({
  version: z.literal(3),
  ...common,
  source_system: textSchema.nullable(),
  import_id: textSchema.nullable(),
})
export type MetadataV3 = z.infer<typeof metadataSchemaV3>
