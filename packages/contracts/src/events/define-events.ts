import type { StandardSchemaV1 } from '@standard-schema/spec'

import type { Envelope, NewEvent } from '../envelope/envelope.ts'
import { InvalidValueError, UnknownEventVersionError } from '../errors/value-errors.ts'
import { isEventType, isSchemaVersion, maxSchemaVersion } from './event-type.ts'
import { validateData } from './run-schema.ts'
import { isSchema } from './schema.ts'
import type { Schema } from './schema.ts'

/** One event type: its schema, and the schema's version where it is past the first. */
export type EventDefinition = Schema | VersionedSchema

/** A schema with its version. */
export interface VersionedSchema<S extends Schema = Schema> {
  readonly schema: S
  /** A whole number from 1 to 2,147,483,647. */
  readonly version: number
}

/** Event types by name. */
export type EventDefinitions = Readonly<Record<string, EventDefinition>>

type SchemaOf<D> = D extends VersionedSchema<infer S> ? S : D extends Schema ? D : never
/** The data of an event type, as its schema gives it. */
export type EventDataOf<D> = StandardSchemaV1.InferOutput<SchemaOf<D>>
type InputOf<D> = StandardSchemaV1.InferInput<SchemaOf<D>>

/** Everything about a new event that its creator may set beside the data. */
export type NewEventOptions = Omit<NewEvent, 'type' | 'data' | 'schemaVersion'>

/** Creates one type of event; validates the data. The data may be left out where the schema accepts `{}`. */
export type EventCreator<Type extends string, Input, Data> = {} extends Input
  ? (data?: Input, options?: NewEventOptions) => NewEvent<Type, Data>
  : (data: Input, options?: NewEventOptions) => NewEvent<Type, Data>

type Creators<D extends EventDefinitions> = {
  readonly [Type in keyof D & string]: EventCreator<Type, InputOf<D[Type]>, EventDataOf<D[Type]>>
}

type NewEventUnion<D extends EventDefinitions> = {
  [Type in keyof D & string]: NewEvent<Type, EventDataOf<D[Type]>>
}[keyof D & string]

type EnvelopeUnion<D extends EventDefinitions> = {
  [Type in keyof D & string]: Envelope<Type, EventDataOf<D[Type]>>
}[keyof D & string]

/** What {@link defineEvents} returns beside the creators. */
export interface EventRegistry<D extends EventDefinitions> {
  /** The defined types, in the order of definition. */
  readonly types: readonly (keyof D & string)[]
  /** The current schema version of a type. @throws {@link UnknownEventVersionError} for a type not defined here */
  versionOf(type: string): number
  /** The current schema of a type; undefined for one not defined here. */
  schemaOf(type: string): Schema | undefined
  /** True when the envelope's type is defined here; its data is not looked at. */
  has(envelope: Envelope): boolean
  /**
   * The same envelope with validated data.
   * @throws {@link UnknownEventVersionError} for a type or schema version not defined here
   * @throws {@link EventSerializationError} when the data breaks the schema
   */
  parse(envelope: Envelope): EnvelopeUnion<D>
}

/** Creators by type name, and the registry under `$`. */
export type Events<D extends EventDefinitions> = Creators<D> & { readonly $: EventRegistry<D> }

/** The union of new events a definition can create. */
export type NewEventOf<E> = E extends { readonly $: EventRegistry<infer D> } ? NewEventUnion<D> : never

/** The union of envelopes a definition can parse. */
export type EnvelopeOf<E> = E extends { readonly $: EventRegistry<infer D> } ? EnvelopeUnion<D> : never

interface Definition {
  readonly schema: Schema
  readonly version: number
}

function normalise(type: string, definition: EventDefinition): Definition {
  if (!isEventType(type))
    throw new InvalidValueError(
      `event type ${JSON.stringify(type)}`,
      '1 to 255 characters of A-Z a-z 0-9 _ . : / -',
    )
  const versioned: Definition = isSchema(definition) ? { schema: definition, version: 1 } : { ...definition }
  if (!isSchema(versioned.schema))
    throw new InvalidValueError(`event ${type}: schema`, 'a Standard Schema (https://standardschema.dev)')
  if (!isSchemaVersion(versioned.version))
    throw new InvalidValueError(`event ${type}: version`, `a whole number from 1 to ${maxSchemaVersion}`)
  return versioned
}

/**
 * Defines event types once; every other type (creators, unions, envelopes) is inferred from the schemas.
 *
 * @example
 * ```ts
 * const Cart = defineEvents({ ItemAdded: z.object({ sku: z.string() }), CheckedOut: z.object({}) })
 * Cart.ItemAdded({ sku: 'a' })   // NewEvent<'ItemAdded', { sku: string }>
 * Cart.$.parse(envelope)         // Envelope<'ItemAdded', …> | Envelope<'CheckedOut', …>
 * ```
 * @throws {@link InvalidValueError} for a bad type name, schema or version
 */
export function defineEvents<const D extends EventDefinitions>(definitions: D): Events<D> {
  const known = new Map(Object.entries(definitions).map(([type, d]) => [type, normalise(type, d)]))
  const lookup = (type: string, schemaVersion: number): Definition => {
    const found = known.get(type)
    if (found === undefined || found.version !== schemaVersion)
      throw new UnknownEventVersionError(type, schemaVersion)
    return found
  }
  const registry: EventRegistry<D> = {
    types: [...known.keys()],
    versionOf: (type) => known.get(type)?.version ?? lookup(type, 1).version,
    schemaOf: (type) => known.get(type)?.schema,
    has: (envelope) => known.has(envelope.type),
    parse: (envelope) => {
      const { schema } = lookup(envelope.type, envelope.schemaVersion)
      return { ...envelope, data: validateData(envelope.type, schema, ['data', envelope.data]) }
    },
  }
  const creators = [...known].map(([type, { schema, version }]) => [
    type,
    (data: unknown = {}, options: NewEventOptions = {}): NewEvent => ({
      ...options,
      type,
      schemaVersion: version,
      data: validateData(type, schema, ['data', data]),
    }),
  ])
  return { ...Object.fromEntries(creators), $: registry } as Events<D>
}
