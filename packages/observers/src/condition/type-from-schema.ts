import type { Schema } from '@millrace/contracts'

import { joinTypes } from './condition-type.ts'
import type { ConditionType } from './condition-type.ts'

type JsonSchema = Readonly<Record<string, unknown>>

const maxDepth = 16

const scalars: Readonly<Record<string, ConditionType>> = {
  string: 'string',
  number: 'double',
  integer: 'int',
  boolean: 'bool',
  null: 'null',
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Reads a JSON Schema; what it does not say clearly is `dyn`. */
class SchemaReader {
  readonly #root: JsonSchema

  constructor(root: JsonSchema) {
    this.#root = root
  }

  read(schema: unknown, depth: number): ConditionType {
    if (!isObject(schema) || depth > maxDepth) return 'dyn'
    if (typeof schema['$ref'] === 'string') return this.read(this.#resolve(schema['$ref']), depth + 1)
    const branches = schema['anyOf'] ?? schema['oneOf']
    if (Array.isArray(branches)) return this.#join(branches, depth)
    const values = Array.isArray(schema['enum']) ? schema['enum'] : 'const' in schema ? [schema['const']] : []
    if (schema['type'] === undefined && values.length > 0) return values.map(typeOfJson).reduce(joinTypes)
    if (Array.isArray(schema['type']))
      return this.#join(
        schema['type'].map((type: unknown) => ({ ...schema, type })),
        depth,
      )
    return this.#ofType(schema, depth)
  }

  #ofType(schema: JsonSchema, depth: number): ConditionType {
    const { type } = schema
    if (type === 'array') return { list: this.read(schema['items'], depth + 1) }
    if (type === 'object') return this.#object(schema, depth)
    return typeof type === 'string' ? (scalars[type] ?? 'dyn') : 'dyn'
  }

  #object(schema: JsonSchema, depth: number): ConditionType {
    const { properties, additionalProperties: others } = schema
    const isOpen = others !== undefined && others !== false
    if (!isObject(properties) || Object.keys(properties).length === 0)
      return { map: isOpen ? this.read(others, depth + 1) : 'dyn' }
    const fields = Object.entries(properties).map(
      ([name, each]) => [name, this.read(each, depth + 1)] as const,
    )
    return isOpen
      ? { fields: Object.fromEntries(fields), open: true }
      : { fields: Object.fromEntries(fields) }
  }

  #join(branches: readonly unknown[], depth: number): ConditionType {
    if (branches.length === 0) return 'dyn'
    return branches.map((each) => this.read(each, depth + 1)).reduce(joinTypes)
  }

  #resolve(ref: string): unknown {
    if (!ref.startsWith('#')) return undefined
    const steps = ref.slice(1).split('/').filter(Boolean).map(unescapePointer)
    return steps.reduce<unknown>((at, step) => (isObject(at) ? at[step] : undefined), this.#root)
  }
}

function unescapePointer(step: string): string {
  return decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')
}

function typeOfJson(value: unknown): ConditionType {
  if (value === null) return 'null'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'bool'
  return typeof value === 'number' ? 'double' : 'dyn'
}

/** The type that a JSON Schema describes; an object that names properties has no others unless it says so. */
export function typeFromJsonSchema(schema: unknown): ConditionType {
  return isObject(schema) ? new SchemaReader(schema).read(schema, 0) : 'dyn'
}

interface DescribesItself {
  readonly jsonSchema: { output(options: Readonly<Record<string, unknown>>): unknown }
}

function describesItself(marker: unknown): marker is DescribesItself {
  return (
    isObject(marker) && isObject(marker['jsonSchema']) && typeof marker['jsonSchema']['output'] === 'function'
  )
}

// Zod refuses a whole schema for one part that JSON cannot say, unless asked to leave that part open.
const jsonSchemaOptions = { target: 'draft-2020-12', libraryOptions: { unrepresentable: 'any' } }

/** The type of a schema's values, where it can describe itself (Standard JSON Schema); else `dyn`. */
export function typeFromSchema(schema: Schema | undefined): ConditionType {
  const marker: unknown = schema?.['~standard']
  if (!describesItself(marker)) return 'dyn'
  try {
    return typeFromJsonSchema(marker.jsonSchema.output(jsonSchemaOptions))
  } catch {
    // A schema that cannot describe itself still validates: its data is then of a type that is not known.
    return 'dyn'
  }
}
