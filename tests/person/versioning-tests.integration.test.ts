import { createManagement } from '@millrace/app'
import { createEventDecoder, decodeEvents } from '@millrace/contracts'
import type { Envelope, SkippedEvent } from '@millrace/contracts'
import {
  Person,
  PersonV1,
  PersonV2,
  asV1,
  asV2,
  brokenV1Events,
  handlePersonCommand,
  openPeople,
  personUpcasters,
  v1Histories,
} from '@millrace/person'
import { defineProcessor } from '@millrace/processing'
import { describe, expect, test, vi } from 'vitest'

import { ada, command, countess, metadataV2, mixedHistory, mixedToday, streamOf } from './support/events.ts'
import { eventually, fresh, personApp } from './support/person-app.ts'
import { placeKinds } from './support/place.ts'

// The embedded database takes its time on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

const asItLies = createEventDecoder()
const handled: Envelope[] = []
const listener = defineProcessor({
  name: 'listener',
  startFrom: 'beginning',
  handle: (batch) => {
    handled.push(...batch)
  },
})

async function collect(events: AsyncIterable<Envelope>): Promise<readonly Envelope[]> {
  const all: Envelope[] = []
  for await (const event of events) all.push(event)
  return all
}

describe.each(placeKinds)('versioning_tests on %s', (kind) => {
  const opened = personApp(kind, [listener])

  test('V1 to V2 migration: legacy events of all eleven kinds are read by the second generation', async () => {
    const { store } = opened()
    const lifted = new Set<string>()
    const kinds = new Set<string>()
    for (const { streamId, events } of v1Histories({ events: 60, prefix: fresh('v1') })) {
      await store.append(streamId, events, { expectedVersion: 'no-stream' })
      for await (const event of decodeEvents(store.read(streamId), asItLies)) {
        expect(event.schemaVersion).toBe(1)
        kinds.add(event.type)
        for (const { type, schemaVersion, data } of asV2(event)) {
          expect([schemaVersion, data.metadata.version]).toEqual([2, 2])
          lifted.add(type)
        }
      }
    }
    expect(kinds).toEqual(new Set(PersonV1.$.types))
    const expected = ['PersonCreated', 'NameUpdated', 'BirthDateSet', 'DeathRecorded', 'PersonSuspended']
    for (const type of [...expected, 'PersonActivated', 'PersonMerged']) expect(lifted).toContain(type)
  })

  test('V2 to V3 migration: what the second generation wrote is read with system and import', async () => {
    const { store, decode } = opened()
    const streamId = streamOf(fresh('v2'))
    const context = { source_system: 'hr', import_id: 'i7', desk: '4' }
    const written = [
      PersonV2.PersonCreated({ name: ada, source: 'hr', metadata: { ...metadataV2, context } }),
      PersonV2.PersonArchived({ reason: 'retention', metadata: metadataV2 }),
    ]
    await store.append(streamId, written, { expectedVersion: 'no-stream' })
    const read = await collect(decodeEvents(store.read(streamId), decode))
    expect(read.map((event) => Person.$.parse(event).data.metadata)).toMatchObject([
      { version: 3, source_system: 'hr', import_id: 'i7', context: { desk: '4' } },
      { version: 3, source_system: null, import_id: null, context: {} },
    ])
  })

  test('migration chains: one stream of three generations reads the same through every reader', async () => {
    const app = opened()
    const personId = fresh('mixed')
    const streamId = streamOf(personId)
    await app.store.append(streamId, mixedHistory, { expectedVersion: 'no-stream' })

    const read = await collect(decodeEvents(app.store.read(streamId), app.decode))
    expect(read.map(({ type }) => type)).toEqual(mixedToday)
    expect(read.map(({ part }) => part?.count)).toEqual([undefined, 2, 2, undefined, undefined, undefined])
    expect(read[1]?.id).toBe(`${read[1]?.id.split('#')[0]}#0`)
    expect(read[1]?.version).toEqual(read[2]?.version)

    const page = await createManagement(app).readStream(streamId)
    expect(page?.events.map(({ type }) => type)).toEqual(mixedToday)
    await eventually(
      async () => await Promise.resolve(handled.filter((event) => event.streamId === streamId)),
      (events) => events.length === mixedToday.length,
    )
    expect(handled.filter((event) => event.streamId === streamId)).toEqual(read)

    const { state, version } = await openPeople(app.store).load(personId)
    expect(state).toMatchObject({ kind: 'active', details: { name: ada, birthDate: '1985-12-10' } })
    expect(Number(version)).toBe(mixedHistory.length)
  })

  test('migration chains: readers of the first generation go on reading while today writes', async () => {
    const { store } = opened()
    const personId = fresh('old-reader')
    await store.append(streamOf(personId), mixedHistory, { expectedVersion: 'no-stream' })
    const people = openPeople(store)
    await handlePersonCommand(people, command({ type: 'updateName', personId, name: countess }))
    await handlePersonCommand(
      people,
      command({ type: 'merge', personId, into: 'grace', reason: 'user-requested' }),
    )
    const events = await collect(decodeEvents(store.read(streamOf(personId)), asItLies))
    const before = events.map(asV1)
    expect(before.map(({ type }) => type)).toEqual([
      'PersonCreated',
      'PersonUpdated',
      'PersonDeactivated',
      'PersonReactivated',
      'NameUpdated',
      'NameUpdated',
      'PersonMergedInto',
    ])
    expect(before.at(-1)?.data).toMatchObject({ merged_into: 'grace', merge_reason: 'UserRequested' })
  })

  test('error handling: a version nobody knows is an error that names it', async () => {
    const { store, decode } = opened()
    const personId = fresh('future')
    const future = { type: 'PersonCreated', schemaVersion: 4, data: { name: ada } }
    await store.append(streamOf(personId), [future], { expectedVersion: 'no-stream' })
    const expected = { code: 'ERR_UNKNOWN_EVENT_VERSION', eventType: 'PersonCreated', schemaVersion: 4 }
    await expect(collect(decodeEvents(store.read(streamOf(personId)), decode))).rejects.toMatchObject(
      expected,
    )
    await expect(openPeople(store).load(personId)).rejects.toMatchObject(expected)
  })

  test('error handling: what cannot be lifted stops a reader, or is left out and told where that was asked for', async () => {
    const { store, decode } = opened()
    const streamId = streamOf(fresh('broken'))
    await store.append(streamId, [...mixedHistory, ...brokenV1Events], { expectedVersion: 'no-stream' })
    await expect(collect(decodeEvents(store.read(streamId), decode))).rejects.toMatchObject({
      code: 'ERR_UPCASTER_FAILED',
      eventType: 'PersonCreated',
    })
    const skipped: SkippedEvent[] = []
    const lenient = createEventDecoder({
      upcast: personUpcasters.upcast,
      onSkip: (event) => skipped.push(event),
    })
    const read = await collect(decodeEvents(store.read(streamId), lenient))
    expect(read.map(({ type }) => type)).toEqual(mixedToday)
    expect(skipped.map(({ stored }) => stored.type)).toEqual(brokenV1Events.map(({ type }) => type))
  })

  test('error handling: what the first generation has no words for is refused, by type and version', async () => {
    const { store } = opened()
    const streamId = streamOf(fresh('archived'))
    const archived = PersonV2.PersonArchived({ reason: 'retention', metadata: metadataV2 })
    await store.append(streamId, [archived], { expectedVersion: 'no-stream' })
    const [event] = await collect(decodeEvents(store.read(streamId), asItLies))
    if (event === undefined) throw new Error('nothing was read')
    expect(() => asV1(event)).toThrow(
      expect.objectContaining({ code: 'ERR_DOWNCAST_FAILED', eventType: 'PersonArchived', toVersion: 1 }),
    )
  })
})
