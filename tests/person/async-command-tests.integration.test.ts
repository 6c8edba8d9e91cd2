import { createIdFactory } from '@millrace/contracts'
import type { EventStore, NewEvent } from '@millrace/contracts'
import { openMemoryStore } from '@millrace/memory'
import { handlePersonCommand, openPeople } from '@millrace/person'
import type { PersonCommand, PersonCommandInput } from '@millrace/person'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { ada, command, countess, issued, mixedHistory, streamOf } from './support/events.ts'
import { fresh, personApp } from './support/person-app.ts'
import { placeKinds } from './support/place.ts'

// The embedded database takes its time on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

const attribute = (id: string) =>
  ({
    attribute_id: id,
    kind: 'score',
    value: 1,
    valid_from: '2026-01-01',
    valid_until: null,
    provenance: { source: 'survey', confidence: 'estimated', recorded_by: null },
  }) as const

const create = (personId: string): PersonCommand =>
  command({ type: 'createPerson', personId, name: ada, source: 'registration' })

async function eventsOf(store: EventStore, personId: string): Promise<readonly NewEvent[]> {
  const events: NewEvent[] = []
  for await (const { type, version, schemaVersion } of store.read(streamOf(personId)))
    events.push({ type, schemaVersion, data: Number(version) })
  return events
}

const gapless = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1)

/** The tests themselves, on whatever store. */
function commandTests(opened: () => { readonly store: EventStore }): void {
  test('async command processing: an accepted command says what became of it', async () => {
    const { store } = opened()
    const people = openPeople(store)
    const personId = fresh('ada')
    const result = await handlePersonCommand(people, create(personId))
    if (result.kind !== 'accepted') throw new Error(result.rejection.message)
    expect(result).toMatchObject({
      streamId: `person-${personId}`,
      replayed: false,
      events: [{ type: 'PersonCreated', schemaVersion: 3, data: { name: ada, source: 'registration' } }],
    })
    expect(Number(result.version)).toBe(1)
    expect(result.position).toBeDefined()
    expect((await people.load(personId)).state).toMatchObject({ kind: 'active', details: { name: ada } })
  })

  test('async command processing: a refused command says why, and nothing is written', async () => {
    const { store } = opened()
    const people = openPeople(store)
    const personId = fresh('ada')
    await handlePersonCommand(people, create(personId))
    const second = await handlePersonCommand(people, create(personId))
    expect(second).toMatchObject({
      kind: 'rejected',
      rejection: { code: 'command-not-accepted', facts: { state: 'active', command: 'createPerson' } },
    })
    expect(await eventsOf(store, personId)).toHaveLength(1)
  })

  test('async command processing: a command on what earlier generations wrote', async () => {
    const { store } = opened()
    const personId = fresh('legacy')
    await store.append(streamOf(personId), mixedHistory, { expectedVersion: 'no-stream' })
    const people = openPeople(store)
    const result = await handlePersonCommand(
      people,
      command({ type: 'updateName', personId, name: countess }),
    )
    expect(result).toMatchObject({
      kind: 'accepted',
      events: [{ data: { old_name: ada, new_name: countess } }],
    })
    expect(Number(result.version)).toBe(mixedHistory.length + 1)
  })

  test('async command processing: a command that comes twice under its id is handled once', async () => {
    const { store } = opened()
    const personId = fresh('ada')
    const commandId = createIdFactory()()
    const first = await handlePersonCommand(openPeople(store), create(personId), { commandId })
    const again = await handlePersonCommand(openPeople(store), create(personId), { commandId })
    expect([first, again]).toMatchObject([
      { kind: 'accepted', replayed: false },
      { kind: 'accepted', replayed: true, events: [{ type: 'PersonCreated' }] },
    ])
    expect(await eventsOf(store, personId)).toHaveLength(1)
  })

  test('async command processing: events know who gave the command, and in which conversation', async () => {
    const { store } = opened()
    const personId = fresh('ada')
    await handlePersonCommand(openPeople(store), create(personId))
    for await (const { metadata } of store.read(streamOf(personId)))
      expect(metadata).toMatchObject({
        correlationId: issued.correlationId,
        actor: { kind: 'user', id: issued.actor },
      })
  })

  test('async command processing: several commands to one person are all accepted or none', async () => {
    const { store } = opened()
    const people = openPeople(store)
    const personId = fresh('ada')
    const register = command({ type: 'registerComponent', personId, componentType: 'skill' })
    const refused = await handlePersonCommand(people, [create(personId), register, create(personId)])
    expect(refused.kind).toBe('rejected')
    expect(await eventsOf(store, personId)).toEqual([])
    const accepted = await handlePersonCommand(people, [create(personId), register])
    expect(accepted).toMatchObject({
      kind: 'accepted',
      events: [{ type: 'PersonCreated' }, { type: 'ComponentRegistered' }],
    })
    await expect(handlePersonCommand(people, [create(personId), create('other')])).rejects.toMatchObject({
      code: 'ERR_INVALID_VALUE',
      field: 'commands',
    })
  })

  test('streaming results: every event of a command as it was recorded, one by one, and then the end', async () => {
    const { store } = opened()
    const people = openPeople(store)
    const personId = fresh('ada')
    const commands: [PersonCommand, ...PersonCommand[]] = [create(personId)]
    for (let index = 0; index < 30; index++)
      commands.push(command({ type: 'recordAttribute', personId, attribute: attribute(`a${index}`) }))
    const result = await handlePersonCommand(people, commands)
    if (result.kind !== 'accepted') throw new Error(result.rejection.message)
    // What others write meanwhile is not part of the result.
    await handlePersonCommand(people, command({ type: 'suspend', personId, reason: 'r' }))
    const streamed: { readonly type: string; readonly version: number }[] = []
    for await (const event of result.stream) {
      expect(event.recordedAt).toBeInstanceOf(Date)
      streamed.push({ type: event.type, version: Number(event.version) })
    }
    expect(streamed.map(({ type }) => type)).toEqual(result.events.map(({ type }) => type))
    expect(streamed.map(({ version }) => version)).toEqual(gapless(31))
  })

  test('concurrent processing: commands to one person at once, through several hands, all succeed in some order', async () => {
    const { store } = opened()
    const hands = [openPeople(store), openPeople(store), openPeople(store), openPeople(store)] as const
    const personId = fresh('ada')
    await handlePersonCommand(hands[0], create(personId))
    const results = await Promise.all(
      Array.from({ length: 24 }, (_, index) =>
        handlePersonCommand(
          hands[index % hands.length] ?? hands[0],
          command({ type: 'recordAttribute', personId, attribute: attribute(`a${index}`) }),
        ),
      ),
    )
    expect(results.filter(({ kind }) => kind === 'accepted')).toHaveLength(24)
    const versions = results.map(({ version }) => Number(version)).toSorted((a, b) => a - b)
    expect(versions).toEqual(gapless(25).slice(1))
    const events = await eventsOf(store, personId)
    expect(events.map(({ data }) => data)).toEqual(gapless(25))
  })

  test('concurrent processing: of commands that exclude each other one is accepted', async () => {
    const { store } = opened()
    const personId = fresh('ada')
    const results = await Promise.all(
      Array.from({ length: 8 }, () => handlePersonCommand(openPeople(store), create(personId))),
    )
    expect(results.filter(({ kind }) => kind === 'accepted')).toHaveLength(1)
    expect(await eventsOf(store, personId)).toHaveLength(1)
  })

  test('concurrent processing: commands to many people do not wait for each other', async () => {
    const { store } = opened()
    const people = openPeople(store)
    const ids = Array.from({ length: 40 }, (_, index) => fresh(`p${index}`))
    const results = await Promise.all(ids.map((personId) => handlePersonCommand(people, create(personId))))
    expect(results.map(({ kind, version }) => [kind, Number(version)])).toEqual(
      ids.map(() => ['accepted', 1]),
    )
  })
}

describe('async_command_tests in memory', () => {
  const stores: EventStore[] = []
  beforeAll(async () => {
    stores.push(await openMemoryStore())
  })
  afterAll(async () => {
    for (const store of stores) await store[Symbol.asyncDispose]()
  })
  commandTests(() => {
    const [store] = stores
    if (store === undefined) throw new Error('the store is open in tests only')
    return { store }
  })
})

describe.each(placeKinds)('async_command_tests on %s', (kind) => {
  commandTests(personApp(kind))
})

test('async command processing: what is wrong with a command is said before anything is read', () => {
  const wrong = { type: 'createPerson', personId: ' ', name: ada, source: 's' } as PersonCommandInput
  expect(() => command(wrong)).toThrow(expect.objectContaining({ field: 'command.personId' }))
})
