import type { StandardSchemaV1 } from '@standard-schema/spec'

/** Any synchronous Standard Schema validator (https://standardschema.dev). */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>

/** Some libraries make their schemas functions, so anything with the marker will do. */
export function isSchema(value: unknown): value is Schema {
  const marker: unknown = (value as Partial<Schema> | null | undefined)?.['~standard']
  return (
    typeof marker === 'object' &&
    marker !== null &&
    'validate' in marker &&
    typeof marker.validate === 'function'
  )
}
