import { traceIdOf } from '@millrace/contracts'
import type { EncodedEvent, EventMetadata, IdFactory } from '@millrace/contracts'

/** The separator of payloads in one parameter: no JSON text holds it, raw control characters are not allowed there. */
const recordSeparator = '\u001e'

const jsonContentType = 'application/json'

/** How the events of an append travel: one alone, many alike in everything rare, or anything. */
export type Shape = 'one' | 'many' | 'mixed'

/** The columns that repeat what is searched for in the metadata. */
interface MetadataValues {
  readonly metadata: string | null
  readonly correlationId: string | null
  readonly causationId: string | null
  readonly tenant: string | null
  readonly traceId: string | null
}

const noMetadata: MetadataValues = {
  metadata: null,
  correlationId: null,
  causationId: null,
  tenant: null,
  traceId: null,
}

function isEmpty(metadata: EventMetadata): boolean {
  for (const _ in metadata) return false
  return true
}

/** A metadata object as its columns. */
function metadataValues(metadata: EventMetadata): MetadataValues {
  if (isEmpty(metadata)) return noMetadata
  const { correlationId = null, causationId = null, tenant = null, traceparent } = metadata
  return {
    metadata: JSON.stringify(metadata),
    correlationId,
    causationId,
    tenant,
    traceId: traceparent === undefined ? null : traceIdOf(traceparent),
  }
}

function isPlain({ payload, contentType, schemaVersion, tags, encryption }: EncodedEvent): boolean {
  return (
    typeof payload === 'string' &&
    contentType === jsonContentType &&
    schemaVersion === 1 &&
    tags.length === 0 &&
    encryption === undefined
  )
}

/** What all events share as metadata, undefined where they differ. */
function sharedMetadata(events: readonly EncodedEvent[]): MetadataValues | undefined {
  const [first, ...rest] = events.map(({ metadata }) => metadata)
  if (first === undefined) return noMetadata
  const values = metadataValues(first)
  const alike = rest.every((other) => other === first || metadataValues(other).metadata === values.metadata)
  return alike ? values : undefined
}

/** The events of an append, as its statement takes them. */
export interface EventValues extends MetadataValues {
  readonly shape: Shape
  /** Of shape `one` the event's, of `many` all of them in one text, of `mixed` none. */
  readonly eventIds: string | null
  readonly types: string | null
  readonly payloads: string | null
  /** What stands behind the named parameters. */
  readonly lists: readonly unknown[]
}

const noLists: readonly unknown[] = []

function one({ id, type, payload }: EncodedEvent, shared: MetadataValues, mint: IdFactory): EventValues {
  const payloads = payload as string
  return { shape: 'one', eventIds: id ?? mint(), types: type, payloads, lists: noLists, ...shared }
}

function many(events: readonly EncodedEvent[], shared: MetadataValues, mint: IdFactory): EventValues {
  let [eventIds, types, payloads] = ['', '', '']
  for (const { id, type, payload } of events) {
    const separator = eventIds === '' ? '' : recordSeparator
    eventIds += separator + (id ?? mint())
    types += separator + type
    payloads += separator + (payload as string)
  }
  return { shape: 'many', eventIds, types, payloads, lists: noLists, ...shared }
}

function isJson(contentType: string): boolean {
  return contentType === jsonContentType || contentType.endsWith('+json')
}

function payloadColumns({
  payload,
  contentType,
}: EncodedEvent): readonly [string | null, Uint8Array | null, boolean | null] {
  if (typeof payload !== 'string') return [null, payload, null]
  return isJson(contentType) ? [payload, null, null] : [null, Buffer.from(payload), true]
}

/** One list a column, in the order `mixedColumns` names them. */
export function mixedValues(events: readonly EncodedEvent[], mint: IdFactory): readonly unknown[][] {
  const rows = events.map((event) => {
    const { metadata, correlationId, causationId, tenant, traceId } = metadataValues(event.metadata)
    const { id, type, schemaVersion, contentType, tags, encryption } = event
    return [
      id ?? mint(),
      type,
      ...payloadColumns(event),
      schemaVersion,
      contentType === jsonContentType ? null : contentType,
      metadata,
      correlationId,
      causationId,
      tenant,
      traceId,
      // A list of lists must be rectangular in SQL; tags hold no blanks.
      tags.length === 0 ? null : tags.join(' '),
      encryption?.subject ?? null,
      encryption?.keyId ?? null,
    ]
  })
  return mixedColumns.map((_, column) => rows.map((row) => row[column]))
}

/** Columns of `mixedValues` with the types of their lists. */
export const mixedColumns = [
  ['event_id', 'text'],
  ['type', 'text'],
  ['payload', 'text'],
  ['payload_binary', 'bytea'],
  ['payload_is_text', 'boolean'],
  ['schema_version', 'int'],
  ['content_type', 'text'],
  ['metadata', 'text'],
  ['correlation_id', 'text'],
  ['causation_id', 'text'],
  ['tenant', 'text'],
  ['trace_id', 'text'],
  ['tags', 'text'],
  ['encryption_subject', 'text'],
  ['encryption_key_id', 'text'],
] as const

/** Picks the cheapest way for these events to travel. */
export function eventValues(
  events: readonly EncodedEvent[],
  occurredAt: readonly number[] | undefined,
  mint: IdFactory,
): EventValues {
  const shared = occurredAt === undefined && events.every(isPlain) ? sharedMetadata(events) : undefined
  const [first] = events
  if (shared !== undefined && first !== undefined)
    return events.length === 1 ? one(first, shared, mint) : many(events, shared, mint)
  const lists = [...mixedValues(events, mint), occurredAt ?? null]
  return { shape: 'mixed', eventIds: null, types: null, payloads: null, lists, ...noMetadata }
}
