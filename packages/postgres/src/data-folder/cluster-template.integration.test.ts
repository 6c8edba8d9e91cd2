import { existsSync } from 'node:fs'

import { afterEach, expect, test, vi } from 'vitest'

import { TemporaryFolder } from '../../fixtures/temporary-folder.ts'
import { openPglite } from '../sql/open-pglite.ts'

// One of the two databases is made from nothing.
vi.setConfig({ testTimeout: 120_000 })

afterEach(() => {
  vi.unstubAllEnvs()
})

/** What tells two databases apart that were made in the same way. */
async function shapeOf(location: Parameters<typeof openPglite>[0]): Promise<unknown> {
  await using database = await openPglite(location)
  await database.query('create table kept (n int)')
  await database.query('insert into kept values (1)')
  const [relations] = await database.query<{ count: number }>('select count(*)::int as count from pg_class')
  const settings = await database.query(
    "select name, setting from pg_settings where name in ('server_encoding', 'server_version', 'TimeZone', 'lc_collate') order by name",
  )
  return { relations, settings, kept: await database.query('select * from kept') }
}

test('a database that begins as a copy is one like any other, in memory and in a folder', async () => {
  expect(existsSync(process.env['MILLRACE_PGLITE_TEMPLATE'] ?? '')).toBe(true)
  using folder = new TemporaryFolder()
  const copied = await shapeOf('memory')
  expect(await shapeOf({ dataDir: folder.at('copied') })).toEqual(copied)
  await using again = await openPglite({ dataDir: folder.at('copied') })
  expect(await again.query('select * from kept')).toEqual([{ n: 1 }])
  vi.stubEnv('MILLRACE_PGLITE_TEMPLATE', '')
  expect(await shapeOf('memory')).toEqual(copied)
})

test('a template that cannot be read is named', async () => {
  vi.stubEnv('MILLRACE_PGLITE_TEMPLATE', '/nowhere/template.tar')
  using folder = new TemporaryFolder()
  for (const location of ['memory', { dataDir: folder.at('new') }] as const)
    await expect(openPglite(location)).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      message: expect.stringContaining('MILLRACE_PGLITE_TEMPLATE') as string,
    })
})
