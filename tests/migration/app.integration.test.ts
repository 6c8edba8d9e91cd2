import { createManagement, defineApp, openApp } from '@millrace/app'
import type { AppDefinition } from '@millrace/app'
import { personDecoding, PersonV1 } from '@millrace/person'
import { defineProcessor } from '@millrace/processing'
import { expect, inject, test, vi } from 'vitest'

import { migrate } from './support/command.ts'
import { nameUpdated, person } from './support/history.ts'
import { newPlace } from './support/places.ts'

vi.setConfig({ testTimeout: 300_000 })

const created = PersonV1.PersonCreated({
  name: { given: 'Grace', family: 'Hopper' },
  source: 'registration',
  created_at: '2014-05-01T12:00:00Z',
})

/** An app whose processors of these names tell what they handle. */
function appWith(names: readonly string[], seen: string[]): AppDefinition {
  return defineApp({
    name: 'people',
    decoding: personDecoding,
    processors: names.map((name) =>
      defineProcessor({
        name,
        startFrom: 'beginning',
        handle: (batch) => {
          for (const { type, schemaVersion } of batch) seen.push(`${name} ${type}@${schemaVersion}`)
        },
      }),
    ),
  })
}

test.each(['jetstream', 'pglite'] as const)(
  'an app on %s goes on under its configuration, and a new processor handles the new log from its beginning',
  async (kind) => {
    await using place = await newPlace('pglite', inject('servers'))
    await using log = await newPlace(kind, inject('servers'))
    const nats = { NATS_URL: inject('servers').nats, NATS_STREAM: log.name }
    const env = { ...place.env, ...(kind === 'jetstream' ? nats : {}) }
    const app = { ...log, args: [], env }
    {
      const seen: string[] = []
      await using first = await openApp(appWith(['before'], seen), { env })
      await first.store.append(person(1), [created], { expectedVersion: 'any' })
      await vi.waitFor(() => expect(seen).toEqual(['before PersonCreated@3']), { timeout: 30_000 })
    }
    expect(await migrate(app, 'run')).toMatchObject({ code: 0 })
    expect(await migrate(app, 'swap')).toMatchObject({ code: 0 })
    const seen: string[] = []
    await using second = await openApp(appWith(['before', 'after'], seen), { env })
    await second.store.append(person(1), [nameUpdated], { expectedVersion: 1 })
    const all = ['after NameUpdated@3', 'after PersonCreated@3', 'before NameUpdated@3']
    await vi.waitFor(() => expect(seen.toSorted()).toEqual(all), { timeout: 30_000 })
    expect(await createManagement(second).status()).toMatchObject({
      status: 'ok',
      processors: [
        { name: 'after', state: 'running' },
        { name: 'before', state: 'running' },
      ],
    })
  },
)
