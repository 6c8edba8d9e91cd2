import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createManagement, defineApp, openApp } from '@millrace/app'
import type { AppDefinition } from '@millrace/app'
import { cborSerializer } from '@millrace/cbor'
import { decodeEvents } from '@millrace/contracts'
import type { Serializer } from '@millrace/contracts'
import { defineProcessor } from '@millrace/processing'
import { expect, test, vi } from 'vitest'

import { fresh, freshCart, old } from './support/cart.ts'
import { dropStream, natsServers } from './support/stores.ts'

const data = { at: new Date(5), bytes: new Uint8Array([1, 2]), size: 3n }

function photos(seen: unknown[], serializer?: Serializer): AppDefinition {
  return defineApp({
    name: 'photos',
    ...(serializer === undefined ? {} : { serializer }),
    processors: [
      defineProcessor({
        name: 'seen',
        startFrom: 'beginning',
        handle: (batch) => void seen.push(...batch.map((event) => event.data)),
      }),
    ],
  })
}

test.each(['embedded', 'jetstream'] as const)(
  'an app writes with its serializer (%s), and its readers read that and what was JSON before',
  async (kind) => {
    const folder = await mkdtemp(join(tmpdir(), 'serializer-'))
    const stream = fresh('photos').replaceAll('-', '_')
    const nats = { NATS_URL: natsServers().join(','), NATS_STREAM: stream }
    const env = { MILLRACE_DATA: folder, ...(kind === 'jetstream' ? nats : {}) }
    const album = freshCart()
    const seen: unknown[] = []
    try {
      {
        await using before = await openApp(photos([]), { env })
        await before.store.append(album, [old('PhotoTaken', data)], { expectedVersion: 0 })
      }
      await using app = await openApp(photos(seen, cborSerializer), { env })
      await app.store.append(album, [old('PhotoTaken', data)], { expectedVersion: 1 })
      const types: string[] = []
      for await (const { contentType } of app.store.read(album)) types.push(contentType)
      expect(types).toEqual(['application/json', 'application/cbor'])
      const read: unknown[] = []
      for await (const event of decodeEvents(app.store.read(album), app.decode)) read.push(event.data)
      expect(read).toStrictEqual([data, data])
      await vi.waitFor(() => expect(seen.at(-1)).toStrictEqual(data), { timeout: 20_000 })
      const shown = await createManagement(app).readStream(album)
      expect(shown?.events.map(({ problem }) => problem)).toEqual([undefined, undefined])
    } finally {
      if (kind === 'jetstream') await dropStream(stream)
      await rm(folder, { recursive: true, force: true })
    }
  },
  60_000,
)
