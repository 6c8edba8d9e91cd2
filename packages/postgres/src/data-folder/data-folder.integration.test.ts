import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'

import { createStreamId } from '@millrace/contracts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'

import { Child } from '../../fixtures/child.ts'
import { collect } from '../../fixtures/collect.ts'
import { TemporaryFolder } from '../../fixtures/temporary-folder.ts'
import { openPglite } from '../sql/open-pglite.ts'
import { openPostgresStore } from '../store/open-postgres-store.ts'

// A new database takes seconds to create, and several times that on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

// How a database is made where no other lends itself as a template: that is what users do.
delete process.env['MILLRACE_PGLITE_TEMPLATE']

const template = new TemporaryFolder()

beforeAll(async () => {
  await using database = await openPglite({ dataDir: template.at('db') })
  await database.query('create table kept (n int)')
  await database.query('insert into kept values (1)')
})
afterAll(() => template[Symbol.dispose]())

/** A folder with a whole database in it. */
function copyOfTemplate(): TemporaryFolder {
  const folder = new TemporaryFolder()
  cpSync(template.at('db'), folder.at('db'), { recursive: true })
  return folder
}

async function versionOf(dataDir: string, key: string): Promise<number> {
  await using database = await openPglite({ dataDir })
  await using store = await openPostgresStore({ database })
  const events = await collect(store.read(createStreamId('order', key)))
  expect(events.map(({ version }) => version)).toEqual(events.map((_, i) => i + 1))
  return events.length
}

test('what was written is there when the folder is opened again, under any notation of its path', async () => {
  using folder = copyOfTemplate()
  await using database = await openPglite({ dataDir: `${folder.at('db')}/../db` })
  expect(await database.query('select n from kept')).toEqual([{ n: 1 }])
})

test('while one process has the folder open, another is refused with its pid', async () => {
  using folder = copyOfTemplate()
  await using child = new Child('folder-child.ts', [folder.at('db')])
  await child.line((line) => line === 'open')
  const refused = openPglite({ dataDir: folder.at('db') })
  await expect(refused).rejects.toMatchObject({
    code: 'ERR_DATA_FOLDER_LOCKED',
    pid: child.pid,
    folder: folder.at('db'),
  })
})

test('every append that was acknowledged before kill -9 is there afterwards, versions gapless', async () => {
  using folder = copyOfTemplate()
  for (const key of ['first', 'second']) {
    await using child = new Child('folder-child.ts', [folder.at('db'), key])
    await child.line((line) => Number(line) >= 25)
    await child.kill()
    const acknowledged = Math.max(...child.lines.map(Number).filter(Number.isFinite))
    expect(await versionOf(folder.at('db'), key)).toBeGreaterThanOrEqual(acknowledged)
  }
})

test('a folder whose creation was killed is created anew', async () => {
  using folder = new TemporaryFolder()
  await using child = new Child('folder-child.ts', [folder.at('db')])
  await vi.waitFor(() => expect(existsSync(folder.at('db', 'pg.creating', 'PG_VERSION'))).toBe(true), {
    timeout: 20_000,
    interval: 1,
  })
  await child.kill()
  expect(existsSync(folder.at('db', 'pg'))).toBe(false)
  await using database = await openPglite({ dataDir: folder.at('db') })
  expect(await database.query('select 1 as n')).toEqual([{ n: 1 }])
  expect(readdirSync(folder.at('db')).toSorted()).toEqual(['lock.1', 'lock.2', 'millrace.json', 'pg'])
})

test('a folder of somebody else is refused and left as it was', async () => {
  using folder = new TemporaryFolder()
  writeFileSync(folder.at('thesis.txt'), 'mine')
  const refused = openPglite({ dataDir: folder.path })
  await expect(refused).rejects.toMatchObject({
    code: 'ERR_DATA_FOLDER_CORRUPT',
    folder: folder.path,
    message: expect.stringContaining('thesis.txt') as string,
  })
  expect(readdirSync(folder.path)).toEqual(['thesis.txt'])
})

test('a file where the folder should be is refused', async () => {
  using folder = new TemporaryFolder()
  writeFileSync(folder.at('file'), '')
  await expect(openPglite({ dataDir: folder.at('file') })).rejects.toMatchObject({
    code: 'ERR_DATA_FOLDER_CORRUPT',
  })
})

test.for([
  ['its database is missing', 'pg, is missing', (at: string) => rmSync(`${at}/pg`, { recursive: true })],
  [
    'its database is empty',
    'millrace.json is missing',
    (at: string) => (rmSync(`${at}/pg`, { recursive: true }), mkdirSync(`${at}/pg`)),
  ],
  [
    'the mark of a finished creation is missing',
    'millrace.json is missing',
    (at: string) => rmSync(`${at}/pg/millrace.json`),
  ],
  [
    'it was written by another release',
    'another release',
    (at: string) => writeFileSync(`${at}/pg/millrace.json`, '{"format":2}'),
  ],
  ['it has no version file', 'PG_VERSION is missing', (at: string) => rmSync(`${at}/pg/PG_VERSION`)],
  [
    'its control file is cut short',
    'cannot be opened',
    (at: string) => truncateSync(`${at}/pg/global/pg_control`, 100),
  ],
  [
    'its write-ahead log is gone',
    'cannot be opened',
    (at: string) => (rmSync(`${at}/pg/pg_wal`, { recursive: true }), mkdirSync(`${at}/pg/pg_wal`)),
  ],
] as const)('a folder is refused and not replaced when %s', async ([, reason, damage]) => {
  using folder = copyOfTemplate()
  damage(folder.at('db'))
  const refused = openPglite({ dataDir: folder.at('db') })
  await expect(refused).rejects.toMatchObject({
    code: 'ERR_DATA_FOLDER_CORRUPT',
    folder: folder.at('db'),
    message: expect.stringContaining(reason) as string,
  })
  // Refused again, and not because the first attempt still holds it.
  await expect(openPglite({ dataDir: folder.at('db') })).rejects.toMatchObject({
    code: 'ERR_DATA_FOLDER_CORRUPT',
  })
})
