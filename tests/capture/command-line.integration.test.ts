import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { defineApp, openApp } from '@millrace/app'
import { openPg } from '@millrace/postgres'
import { millrace } from '@millrace/tools/cli'
import { expect, inject, test } from 'vitest'

/** A database of its own: the command line works in the schema `millrace`. */
async function newDatabase(): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = inject('servers').postgres
  const name = `capture_${randomBytes(5).toString('hex')}`
  const url = new URL(server)
  url.pathname = `/${name}`
  const administer = async (statement: string): Promise<void> => {
    await using database = await openPg({ url: server, poolSize: 1 })
    await database.script(statement)
  }
  await administer(`create database ${name}`)
  return { url: url.href, [Symbol.asyncDispose]: () => administer(`drop database ${name} with (force)`) }
}

const parsed = (text: string): unknown => JSON.parse(text)

test('a table is captured, looked at, repaired and let go on the command line', async () => {
  await using place = await newDatabase()
  await using database = await openPg({ url: place.url })
  await database.script(
    'create schema sales; create table sales."Orders" (id int primary key, item text, secret text, shop text)',
  )
  const at = ['--database', place.url]
  const run = async (...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
    await millrace(['capture', ...args, ...at])
  const install = [
    'install',
    'sales."Orders"',
    '--as',
    'orders',
    '--exclude',
    'secret',
    '--tenant',
    'shop',
    '--json',
  ]
  const installed = await run(...install)
  expect(installed).toMatchObject({ code: 0, stderr: '' })
  expect(parsed(installed.stdout)).toMatchObject({
    name: 'orders',
    table: 'sales."Orders"',
    key: ['id'],
    excluded: ['secret'],
    tenant: 'shop',
    state: 'ok',
    faults: [],
  })
  expect((await run('list')).stdout).toMatch(/CAPTURE +TABLE +STATE[\s\S]*orders +sales\."Orders" +ok/)
  await database.script(
    `insert into sales."Orders" values (1, 'tea', 'x', 'a'); alter table sales."Orders" rename item to goods`,
  )
  const drifted = await run('inspect', 'orders', '--json')
  expect([drifted.code, parsed(drifted.stdout)]).toMatchObject([
    1,
    { state: 'drifted', faults: [{ kind: 'column-renamed', subject: 'item is goods' }] },
  ])
  expect([(await run('list')).code, (await run('inspect', 'orders')).stdout]).toEqual([
    1,
    expect.stringMatching(/column-renamed +item is goods/),
  ])
  const repaired = await run('repair', 'orders', '--json')
  expect([repaired.code, parsed(repaired.stdout)]).toMatchObject([
    0,
    { state: 'ok', repaired: [{ kind: 'column-renamed' }] },
  ])
  expect(await run('prune', '--older-than', '1', '--json')).toMatchObject({ code: 0 })
  expect(parsed((await run('prune', '--older-than', '0', '--dry-run', '--json')).stdout)).toEqual({
    changes: 1,
    heldBy: null,
    dryRun: true,
  })
  expect((await run('prune', '--older-than', '0')).stdout).toBe('1 changes removed\n')
  expect((await run('remove', 'orders', '--delete-changes')).stdout).toBe('orders removed\n')
  expect([
    (await run('remove', 'orders')).code,
    (await run('inspect', 'orders')).code,
    (await run('repair', 'orders')).code,
  ]).toEqual([5, 5, 5])
  expect(await run('list', '--json')).toMatchObject({ code: 0 })
})

test('says by its exit code what is wrong', async () => {
  await using place = await newDatabase()
  const at = ['--database', place.url]
  const refused = await millrace(['capture', 'install', 'nothing', ...at])
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('there is no table nothing')])
  expect((await millrace(['capture', 'install', ...at])).code).toBe(2)
  expect((await millrace(['capture', 'prune', ...at])).code).toBe(2)
  expect((await millrace(['capture', 'prune', '--older-than', 'x', ...at])).code).toBe(4)
  expect((await millrace(['capture', 'list', '--database', 'http://127.0.0.1:1'])).code).toBe(2)
  expect((await millrace(['capture', 'list', ...at, '--url', 'http://127.0.0.1:1'])).code).toBe(2)
  const away = await millrace(['capture', 'list', '--database', 'postgres://u:geheim@127.0.0.1:1/x'])
  expect([away.code, away.stderr.includes('geheim')]).toEqual([3, false])
})

// Creates a database on disk, which takes long where much else runs.
test('works on the embedded database of a stopped app, and is refused while it runs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-capture-'))
  try {
    const env = { MILLRACE_DATA: join(folder, 'data') }
    expect((await millrace(['capture', 'list'], env)).code).toBe(5)
    {
      await using app = await openApp(defineApp({ name: 'shop' }), { env })
      expect((await app.store.log.head()).commit).toBe(0)
      expect((await millrace(['capture', 'list'], env)).code).toBe(3)
    }
    expect(await millrace(['capture', 'list'], env)).toMatchObject({
      code: 0,
      stdout: 'no table is captured\n',
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}, 90_000)
