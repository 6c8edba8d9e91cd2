import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { eventStoreContract } from '@millrace/conformance'
import { afterAll } from 'vitest'

import { closing } from '../../fixtures/open-lane.ts'
import { openPglite } from '../sql/open-pglite.ts'
import { openPostgresStore } from './open-postgres-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-pglite-'))

eventStoreContract({
  name: 'the Postgres store on PGlite',
  open: async () => {
    const database = await openPglite({ dataDir: join(folder, 'db') })
    return closing(await openPostgresStore({ database }), database)
  },
  durability: { kind: 'durable', why: 'files in the data folder' },
  lanes: { kind: 'in-process', why: 'one process owns a data folder' },
  capabilities: { multiStreamCommits: true },
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})
