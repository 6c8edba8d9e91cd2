import { createManagement, defineApp, openApp } from '@millrace/app'
import type { AppDefinition } from '@millrace/app'
import type { EventStore, NewEvent } from '@millrace/contracts'
import { personDecoding, PersonV1 } from '@millrace/person'
import { defineAction, defineProcessor } from '@millrace/processing'
import { describe, expect, inject, test, vi } from 'vitest'

import { migrate } from './support/command.ts'
import { nameUpdated, person } from './support/history.ts'
import { newPlace } from './support/places.ts'
import type { LogPlace } from './support/places.ts'

vi.setConfig({ testTimeout: 300_000 })

const at = '2014-05-01T12:00:00Z'
const name = { given: 'Grace', family: 'Hopper' }
const created = PersonV1.PersonCreated({ name, source: 'registration', created_at: at })
const nothing = PersonV1.PersonUpdated({ updated_at: at })
const renamedAndBorn = PersonV1.PersonUpdated({
  name: { old: name, new: { ...name, family: 'Murray' } },
  birth_date: '1906-12-09',
  updated_at: at,
})
const born = PersonV1.BirthDateSet({ birth_date: '1906-12-09', set_at: at })

interface AppPlace extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>
  /** For the commands. */
  readonly log: LogPlace
}

/** The state of the app is embedded, its events are beside it or on JetStream. */
async function appPlace(kind: 'jetstream' | 'pglite'): Promise<AppPlace> {
  const open = new AsyncDisposableStack()
  const state = open.use(await newPlace('pglite', inject('servers')))
  const events = open.use(await newPlace(kind, inject('servers')))
  const nats = { NATS_URL: inject('servers').nats, NATS_STREAM: events.name }
  const env = { ...state.env, ...(kind === 'jetstream' ? nats : {}) }
  return {
    env,
    log: { ...events, args: [], env },
    [Symbol.asyncDispose]: async () => await open.disposeAsync(),
  }
}

/** What a processor and its action were given. */
class Seen {
  readonly handled: string[] = []
  readonly delivered: string[] = []
  /** Deliveries of these types are refused, events of these types cannot be handled. */
  refused: readonly string[] = []
  unhandled: readonly string[] = []
}

function appWith(processor: string, seen: Seen): AppDefinition {
  const post = defineAction({
    name: 'post',
    retry: { shape: 'fixed', initialMs: 300, jitter: 'none', maxAttempts: 1_000 },
    execute: async ({ envelope: { type, schemaVersion }, idempotencyKey }) => {
      if (seen.refused.includes(type)) throw new Error('refused')
      seen.delivered.push(`${type}@${schemaVersion} ${idempotencyKey}`)
      await Promise.resolve()
    },
  })
  return defineApp({
    name: 'people',
    decoding: personDecoding,
    processors: [
      defineProcessor({
        name: processor,
        startFrom: 'beginning',
        retry: { shape: 'fixed', initialMs: 1, jitter: 'none', maxAttempts: 1 },
        actions: [post],
        handle: (batch, context) => {
          for (const event of batch) {
            if (seen.unhandled.includes(event.type)) throw new Error('cannot be handled')
            seen.handled.push(`${event.type}@${event.schemaVersion}`)
            context.deliver('post', event)
          }
        },
      }),
    ],
  })
}

async function append(store: EventStore, ...commits: readonly NewEvent[]): Promise<void> {
  for (const event of commits) await store.append(person(0), [event], { expectedVersion: 'any' })
}

async function swapped(log: LogPlace): Promise<void> {
  for (const verb of ['run', 'swap']) expect(await migrate(log, verb)).toMatchObject({ code: 0 })
}

const soon = { timeout: 15_000 }

describe.for(['jetstream', 'pglite'] as const)('after a swap on %s', (kind) => {
  test('a processor goes on under its name behind what it has handled, and delivers nothing twice', async () => {
    await using place = await appPlace(kind)
    const before = new Seen()
    {
      await using app = await openApp(appWith('courier', before), { env: place.env })
      // The last commit comes to nothing in the copy: the checkpoint behind it has no commit of its own there.
      await append(app.store, created, renamedAndBorn, nothing)
      await vi.waitFor(() => expect(before.delivered).toHaveLength(3), soon)
      const { position } = await app.store.append(person(1), [nothing], { expectedVersion: 'any' })
      if (position === undefined) throw new Error('nothing was appended')
      expect(await app.runtime?.reached('courier', position)).toBe(true)
    }
    await swapped(place.log)
    const after = new Seen()
    await using app = await openApp(appWith('courier', after), { env: place.env })
    await append(app.store, nameUpdated)
    await vi.waitFor(() => expect(after.delivered).toHaveLength(1), soon)
    expect(after.handled).toEqual(['NameUpdated@3'])
    expect(before.handled).toEqual(['PersonCreated@3', 'NameUpdated@3', 'BirthDateSet@3'])
    expect(await createManagement(app).status()).toMatchObject({
      status: 'ok',
      processors: [{ name: 'courier', state: 'running', lag: { records: 0 } }],
    })
  })

  test('it also goes on where it has not handled everything, over two swaps', async () => {
    await using place = await appPlace(kind)
    const seen = new Seen()
    {
      await using app = await openApp(appWith('courier', seen), { env: place.env })
      await append(app.store, nothing, created)
      await vi.waitFor(() => expect(seen.delivered).toHaveLength(1), soon)
    }
    {
      await using app = await openApp(appWith('somebody-else', new Seen()), { env: place.env })
      await append(app.store, renamedAndBorn, nothing)
    }
    await swapped(place.log)
    await swapped(place.log)
    await using app = await openApp(appWith('courier', seen), { env: place.env })
    await append(app.store, nameUpdated)
    const all = ['PersonCreated@3', 'NameUpdated@3', 'BirthDateSet@3', 'NameUpdated@3']
    await vi.waitFor(() => expect(seen.handled).toEqual(all), soon)
    await vi.waitFor(() => expect(seen.delivered).toHaveLength(4), soon)
  })

  test('what was under way is delivered under its key, what was parked is handled once it is retried', async () => {
    await using place = await appPlace(kind)
    const seen = new Seen()
    seen.refused = ['BirthDateSet']
    seen.unhandled = ['AttributeInvalidated']
    const keys: string[] = []
    const parked = PersonV1.AttributeInvalidated({
      attribute_id: 'a1',
      reason: 'no longer true',
      invalid_from: '2014-05-01',
      invalidated_at: at,
    })
    {
      await using app = await openApp(appWith('courier', seen), { env: place.env })
      await append(app.store, nothing, created, renamedAndBorn, born, parked)
      const { processors } = app
      await vi.waitFor(async () => {
        const { items } = await processors.listDeliveries({ state: 'retrying' })
        expect(items).toHaveLength(2)
        keys.splice(0, keys.length, ...items.map(({ id }) => id))
        expect((await processors.status())[0]?.parkedRecords).toBe(1)
      }, soon)
      expect(seen.delivered).toHaveLength(2)
    }
    await swapped(place.log)
    seen.refused = []
    seen.unhandled = []
    await using app = await openApp(appWith('courier', seen), { env: place.env })
    await vi.waitFor(() => expect(seen.delivered).toHaveLength(4), soon)
    const born2 = seen.delivered.slice(2).toSorted()
    expect(born2).toEqual(keys.map((key) => `BirthDateSet@3 ${key}`).toSorted())
    const { items } = await app.processors.deadLetters.list()
    const [letter] = items
    expect(items).toHaveLength(1)
    await app.processors.deadLetters.retry(letter?.id ?? '', 'ann')
    await vi.waitFor(() => expect(seen.delivered).toHaveLength(5), soon)
    expect(seen.delivered[4]).toContain('AttributeInvalidated@3')
  })

  test('and after the way back it goes on in the log it came from', async () => {
    await using place = await appPlace(kind)
    const seen = new Seen()
    {
      await using app = await openApp(appWith('courier', seen), { env: place.env })
      await append(app.store, created, renamedAndBorn, nothing)
      await vi.waitFor(() => expect(seen.delivered).toHaveLength(3), soon)
    }
    await swapped(place.log)
    {
      await using app = await openApp(appWith('courier', seen), { env: place.env })
      expect(await createManagement(app).status()).toMatchObject({ processors: [{ lag: { records: 0 } }] })
    }
    expect(await migrate(place.log, 'swap', ['--back'])).toMatchObject({ code: 0 })
    await using app = await openApp(appWith('courier', seen), { env: place.env })
    expect(await createManagement(app).status()).toMatchObject({ processors: [{ lag: { records: 0 } }] })
    await append(app.store, born)
    await vi.waitFor(() => expect(seen.delivered).toHaveLength(4), soon)
    expect(seen.handled).toEqual(['PersonCreated@3', 'NameUpdated@3', 'BirthDateSet@3', 'BirthDateSet@3'])
  })
})
