import { createManagement, defineApp, openApp } from '@millrace/app'
import type { AppDefinition } from '@millrace/app'
import { defineProcessor } from '@millrace/processing'
import { expect, inject, test, vi } from 'vitest'

import { upcasters } from './fixtures/people.ts'
import { migrate } from './support/command.ts'
import { person } from './support/history.ts'
import { newPlace } from './support/places.ts'

vi.setConfig({ testTimeout: 300_000 })

const created = { type: 'PersonCreated', data: { name: 'Grace Hopper' } }
const activated = { type: 'PersonActivated', data: {} }

/** An app whose processors of these names tell what they handle. */
function appWith(names: readonly string[], seen: string[]): AppDefinition {
  return defineApp({
    name: 'people',
    decoding: { upcast: upcasters.upcast },
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
  'an app on %s goes on under its configuration: old checkpoints are refused, new processors handle the new log',
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
    await expect(openApp(appWith(['before'], seen), { env })).rejects.toMatchObject({
      code: 'ERR_LOG_REPLACED',
    })
    await using second = await openApp(appWith(['after'], seen), { env })
    await second.store.append(person(1), [activated], { expectedVersion: 1 })
    await vi.waitFor(() => expect(seen).toEqual(['after PersonCreated@3', 'after PersonActivated@1']), {
      timeout: 30_000,
    })
    // What cannot go on any more is no trouble of today's.
    expect(await createManagement(second).status()).toMatchObject({
      status: 'ok',
      processors: [{ name: 'after', state: 'running' }],
    })
  },
)
