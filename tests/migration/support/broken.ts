import { createIdFactory, createStreamId, jsonSerializer } from '@millrace/contracts'
import type { EventId, NewEvent, Serializer, StreamId } from '@millrace/contracts'

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
const sound: NewEvent = { type: 'PersonActivated', data: {} }

const broken: readonly (readonly [NewEvent, string])[] = [
  [{ type: 'PersonCreated', data: { name: 'Cher' } }, 'ERR_UPCASTER_FAILED'],
  [{ type: 'PersonUpdated', data: { name: 'Madonna', birthDate: '1958-08-16' } }, 'ERR_UPCASTER_FAILED'],
  [{ type: 'PersonCreated', schemaVersion: 9, data: { name: 'A B' } }, 'ERR_UNKNOWN_EVENT_VERSION'],
  [{ type: 'PersonRenamed', schemaVersion: 7, data: {} }, 'ERR_UNKNOWN_EVENT_VERSION'],
  [{ type: 'BirthDateSet', data: { birthDate: 'soon' } }, 'ERR_EVENT_SERIALIZATION'],
  [{ type: 'PersonCreated', schemaVersion: 2, data: { first: '', last: 'X' } }, 'ERR_EVENT_SERIALIZATION'],
]

/** Seven events that cannot be brought to their current form, each in the middle of a sound commit. */
export async function breakLog(place: LogPlace): Promise<readonly Broken[]> {
  const all: Broken[] = []
  await using store = await place.open()
  for (const [n, [event, code]] of broken.entries()) {
    const [streamId, id] = [createStreamId('broken', String(n)), mint()]
    await store.append(streamId, [sound, { ...event, id }, sound], { expectedVersion: 'no-stream' })
    all.push({ streamId, version: 2, id, code })
  }
  if (place.litter !== undefined) {
    await place.litter()
    const streamId = createStreamId('malformed', '1')
    return [...all, { streamId, version: 0, id: undefined, code: 'ERR_EVENT_SERIALIZATION' }]
  }
  await store[Symbol.asyncDispose]()
  await using other = await place.open({ serializer: odd })
  const [streamId, id] = [createStreamId('broken', 'odd'), mint()]
  await other.append(streamId, [{ ...sound, id }], { expectedVersion: 'no-stream' })
  return [...all, { streamId, version: 1, id, code: 'ERR_EVENT_SERIALIZATION' }]
}
