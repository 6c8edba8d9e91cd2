import { createIdFactory, createStreamId, jsonSerializer } from '@millrace/contracts'
import type { EventId, Serializer, StreamId } from '@millrace/contracts'
import { brokenV1Events } from '@millrace/person'

import { birthDateSet } from './history.ts'
import type { LogPlace } from './places.ts'

/** A broken event, by what a migration must name it with. */
export interface Broken {
  readonly streamId: StreamId
  readonly version: number
  /** Undefined for a message that is no event's. */
  readonly id: EventId | undefined
  readonly code: string
}

const mint = createIdFactory()
const odd: Serializer = { ...jsonSerializer, contentType: 'application/x-odd' }

/** The seven events of people that no reader can make sense of, each in the middle of a sound commit. */
export async function breakLog(place: LogPlace): Promise<readonly Broken[]> {
  await using store = await place.open()
  const all: Broken[] = []
  for (const [n, event] of brokenV1Events.entries()) {
    const [streamId, id] = [createStreamId('broken', String(n)), mint()]
    const events = [birthDateSet, { ...event, id }, birthDateSet]
    await store.append(streamId, events, { expectedVersion: 'no-stream' })
    const code = event.schemaVersion === 1 ? 'ERR_UPCASTER_FAILED' : 'ERR_UNKNOWN_EVENT_VERSION'
    all.push({ streamId, version: 2, id, code })
  }
  return all
}

/** What no serializer reads: an event in a format nobody knows and, where that can be done, a message that is no event's. */
export async function litterLog(place: LogPlace): Promise<readonly Broken[]> {
  const code = 'ERR_EVENT_SERIALIZATION'
  const [streamId, id] = [createStreamId('broken', 'odd'), mint()]
  {
    await using store = await place.open({ serializer: odd })
    await store.append(streamId, [{ ...birthDateSet, id }], { expectedVersion: 'no-stream' })
  }
  await place.litter?.()
  const malformed = { streamId: createStreamId('malformed', '1'), version: 0, id: undefined, code }
  return [{ streamId, version: 1, id, code }, ...(place.litter === undefined ? [] : [malformed])]
}
