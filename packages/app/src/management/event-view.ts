import { formatPosition } from '@millrace/contracts'
import type { Envelope, EventDecoder, EventHeader, JsonValue, StoredEvent } from '@millrace/contracts'

import type { EventView } from './views.ts'

function tagged(this: unknown, key: string, value: unknown): unknown {
  // JSON.stringify has called Date's toJSON before it hands the value over.
  const original = (this as Record<string, unknown>)[key]
  if (typeof original === 'bigint') return { $bigint: original.toString() }
  if (original instanceof Date) return { $date: original.toJSON() }
  if (original instanceof Uint8Array) return { $bytes: Buffer.from(original).toString('base64') }
  return value
}

/** Decoded data as plain JSON, for people: bigint, Date and bytes become `{"$bigint":"…"}`, `{"$date":"…"}`, `{"$bytes":"…"}`. */
export function toJsonValue(data: unknown): JsonValue {
  return JSON.parse(JSON.stringify(data ?? null, tagged)) as JsonValue
}

/** A payload that no serializer is known for: JSON where it is JSON, else its text; base64 for bytes. */
export function rawData(contentType: string, payload: string | Uint8Array): JsonValue {
  if (typeof payload !== 'string') return Buffer.from(payload).toString('base64')
  if (!contentType.includes('json')) return payload
  try {
    return JSON.parse(payload) as JsonValue
  } catch {
    return payload
  }
}

function headerView(event: EventHeader): Omit<EventView, 'data'> {
  return {
    id: event.id,
    streamId: event.streamId,
    type: event.type,
    schemaVersion: event.schemaVersion,
    version: event.version,
    position: formatPosition(event.position),
    commitId: event.commitId,
    occurredAt: event.occurredAt.toISOString(),
    recordedAt: event.recordedAt.toISOString(),
    metadata: event.metadata,
    tags: event.tags,
  }
}

function undecodedView(stored: StoredEvent, problem: string): EventView {
  return { ...headerView(stored), data: rawData(stored.contentType, stored.payload), problem }
}

function decodedView(envelope: Envelope): EventView {
  const { part } = envelope
  return {
    ...headerView(envelope),
    ...(part === undefined ? {} : { part }),
    data: toJsonValue(envelope.data),
  }
}

/** One stored event: its parts where an upcaster split it; raw, with the problem, where it cannot be decoded. */
export function eventViews(stored: StoredEvent, decode: EventDecoder): readonly EventView[] {
  try {
    const envelopes = decode(stored)
    if (envelopes.length === 0) return [undecodedView(stored, 'dropped by an upcaster')]
    return envelopes.map(decodedView)
  } catch (error) {
    return [undecodedView(stored, error instanceof Error ? error.message : String(error))]
  }
}
