import { InvalidValueError } from '../errors/value-errors.ts'
import type { StoredEvent } from './envelope.ts'
import type { Actor, EventMetadata, JsonValue } from './metadata.ts'

/** What of an event travels as CloudEvents extension attributes, whatever it travels on. */
export interface AttributedPart extends Pick<
  StoredEvent,
  'schemaVersion' | 'metadata' | 'tags' | 'encryption'
> {
  readonly previousHash?: string | undefined
}

/** What {@link readEventAttributes} gives back. */
export type ReadAttributes = AttributedPart & Pick<StoredEvent, 'previousHash'>

/** Name and value of an attribute; all values are text here. */
export type EventAttribute = readonly [name: string, value: string]

const none: readonly EventAttribute[] = Object.freeze([])
const noTags: readonly string[] = Object.freeze([])
const noMetadata: EventMetadata = Object.freeze({})

function isBare({ schemaVersion, metadata, tags, encryption, previousHash }: AttributedPart): boolean {
  if (schemaVersion !== 1 || tags.length > 0 || encryption !== undefined || previousHash !== undefined)
    return false
  for (const field in metadata) if (Object.hasOwn(metadata, field)) return false
  return true
}

/** The extension attributes of an event; those with their default are left out. docs/reference/jetstream-format.md has the table. */
export function eventAttributes(event: AttributedPart): readonly EventAttribute[] {
  if (isBare(event)) return none
  const { schemaVersion, metadata, tags, encryption, previousHash } = event
  const { correlationId, causationId, tenant, actor, traceparent, custom } = metadata
  const all: readonly (readonly [string, string | undefined])[] = [
    ['schemaversion', schemaVersion === 1 ? undefined : String(schemaVersion)],
    ['correlationid', correlationId],
    ['causationid', causationId],
    ['tenant', tenant],
    ['actorkind', actor?.kind],
    ['actorid', actor?.id],
    ['traceparent', traceparent],
    ['custommetadata', custom === undefined ? undefined : JSON.stringify(custom)],
    ['tags', tags.length === 0 ? undefined : tags.join(' ')],
    ['encryptionsubject', encryption?.subject],
    ['encryptionkeyid', encryption?.keyId],
    ['previoushash', previousHash],
  ]
  return all.filter((attribute): attribute is EventAttribute => attribute[1] !== undefined)
}

/** Finds an attribute's value by its name. */
export type AttributeReader = (name: string) => string | undefined

/** Undoes {@link eventAttributes}. @throws {@link InvalidValueError} for values it did not write */
export function readEventAttributes(read: AttributeReader): ReadAttributes {
  const [subject, keyId] = [read('encryptionsubject'), read('encryptionkeyid')]
  return {
    schemaVersion: schemaVersionIn(read),
    metadata: metadataIn(read),
    tags: read('tags')?.split(' ') ?? noTags,
    encryption: subject === undefined || keyId === undefined ? undefined : { subject, keyId },
    previousHash: read('previoushash'),
  }
}

function schemaVersionIn(read: AttributeReader): number {
  const version = Number(read('schemaversion') ?? '1')
  if (Number.isSafeInteger(version) && version >= 1) return version
  throw new InvalidValueError('schemaversion', 'a whole number from 1 up')
}

function metadataIn(read: AttributeReader): EventMetadata {
  const [kind, id, custom] = [read('actorkind'), read('actorid'), read('custommetadata')]
  const fields: { readonly [Field in keyof EventMetadata]: EventMetadata[Field] | undefined } = {
    correlationId: read('correlationid'),
    causationId: read('causationid'),
    tenant: read('tenant'),
    actor: kind === undefined || id === undefined ? undefined : ({ kind, id } as Actor),
    traceparent: read('traceparent'),
    custom: custom === undefined ? undefined : customIn(custom),
  }
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  return given.length === 0 ? noMetadata : Object.fromEntries(given)
}

function customIn(text: string): { readonly [key: string]: JsonValue } {
  let custom: unknown
  try {
    custom = JSON.parse(text)
  } catch (cause) {
    throw new InvalidValueError('custommetadata', 'JSON text', { cause })
  }
  if (typeof custom === 'object' && custom !== null && !Array.isArray(custom))
    return custom as { readonly [key: string]: JsonValue }
  throw new InvalidValueError('custommetadata', 'a JSON object')
}
