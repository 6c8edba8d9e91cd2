import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import type { EventStore } from '@millrace/contracts'
import { openJetStreamStore } from '@millrace/jetstream'
import { openMemorySubjectKeys } from '@millrace/memory'
import { openPg, openPglite, openPostgresStore, openPostgresSubjectKeys } from '@millrace/postgres'
import { createPrivacy, localKeyProvider } from '@millrace/privacy'
import { startNats, startPostgres } from '@millrace/tools/services'
import { expect, test } from 'vitest'

import { person, personal } from './support/customers.ts'
import { filesWith } from './support/places.ts'

const provider = localKeyProvider([{ id: 'm1', key: new Uint8Array(32).fill(1) }])
const [ada, plain] = [person('ada', 'Zyx-ada'), person('plain', 'Zyx-plain')]

/** Appends a person through the encryption and another one around it: what is searched for can be found. */
async function append(store: EventStore, keys = openMemorySubjectKeys()): Promise<void> {
  const secured = createPrivacy({ personal, keys, provider }).protect(store)
  await secured.append(ada.stream, ada.events, { expectedVersion: 'no-stream' })
  await store.append(plain.stream, plain.events, { expectedVersion: 'no-stream' })
}

function expectOnlyCiphertext(folder: string): void {
  expect(filesWith(folder, plain.words.slice(0, 1)).length, `files in ${folder}`).toBeGreaterThan(0)
  expect(filesWith(folder, ada.words)).toEqual([])
}

test('the files of an embedded database never held what is personal', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-raw-'))
  try {
    {
      await using database = await openPglite({ dataDir: folder })
      await using store = await openPostgresStore({ database })
      await append(store, await openPostgresSubjectKeys({ database }))
      await database.execute('checkpoint')
    }
    expectOnlyCiphertext(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('the files of a Postgres server never held what is personal, its write-ahead log included', async () => {
  await using server = await startPostgres()
  await using database = await openPg({ url: server.url })
  await using store = await openPostgresStore({ database })
  await append(store, await openPostgresSubjectKeys({ database }))
  await database.execute('checkpoint')
  const [row] = await database.query<{ data_directory: string }>('show data_directory')
  expectOnlyCiphertext(row?.data_directory ?? '')
})

test("JetStream's store folder never held what is personal", async () => {
  await using server = await startNats()
  await using store = await openJetStreamStore({ servers: [server.url], name: 'raw', replicas: 1 })
  await append(store)
  const argv = readFileSync(`/proc/${server.pid}/cmdline`, 'utf8').split('\0')
  const config = argv[argv.indexOf('--config') + 1] ?? ''
  // Flushed by its stop, and written out block by block.
  await server.stop()
  expectOnlyCiphertext(dirname(config))
})
