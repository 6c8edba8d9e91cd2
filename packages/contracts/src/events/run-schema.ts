import type { StandardSchemaV1 } from '@standard-schema/spec'

import { EventSerializationError } from '../errors/value-errors.ts'
import type { Schema } from './schema.ts'

function runSchema(type: string, schema: Schema, data: unknown): StandardSchemaV1.Result<unknown> {
  let result
  try {
    result = schema['~standard'].validate(data)
  } catch (cause) {
    throw new EventSerializationError(type, 'its schema threw instead of reporting an issue', { cause })
  }
  if (!('then' in result)) return result
  // The verdict is refused whatever it is; its rejection must not end the process as an unhandled one.
  result.then(undefined, () => undefined)
  throw new EventSerializationError(
    type,
    'its schema answered with a promise; event schemas are synchronous and report issues instead of throwing',
  )
}

/** The data as its schema gives it. @throws {@link EventSerializationError} naming the first field that breaks it */
export function validateData(
  type: string,
  schema: Schema,
  [name, data]: readonly [string, unknown],
): unknown {
  const result = runSchema(type, schema, data)
  if (result.issues === undefined) return result.value
  const [issue] = result.issues
  const path = (issue?.path ?? []).map((part) => (typeof part === 'object' ? part.key : part)).map(String)
  throw new EventSerializationError(type, `${[name, ...path].join('.')}: ${issue?.message ?? 'invalid'}`)
}
