import { inspect } from 'node:util'

import { expect, inject, test, vi } from 'vitest'

import { freshSchema } from '../../fixtures/schemas.ts'
import { openPg } from './pg-database.ts'

const url = (): string => inject('servers').postgres

function serverWith(change: (parsed: URL) => void): string {
  const parsed = new URL(url())
  change(parsed)
  return parsed.href
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => undefined,
    (error: unknown) => error,
  )
}

test('a server that is not there is a connection error that names it and keeps the password', async () => {
  const error = await failure(openPg({ url: 'postgres://someone:s3cret@127.0.0.1:1/db' }))
  expect(error).toMatchObject({
    code: 'ERR_CONNECTION',
    retryable: true,
    message: expect.stringContaining('127.0.0.1:1/db') as string,
  })
  expect(inspect(error, { depth: 10 })).not.toContain('s3cret')
})

test.for(['nonsense', 'postgres://user:s3cret@bad host/db', 'http://user:s3cret@host/db'])(
  'the URL %s is refused without being quoted',
  async (bad) => {
    const error = await failure(openPg({ url: bad }))
    expect(error).toMatchObject({ code: 'ERR_CONFIGURATION', setting: 'database.url' })
    expect(inspect(error, { depth: 10 })).not.toContain('s3cret')
  },
)

test('bad numbers among the settings are refused', async () => {
  expect(await failure(openPg({ url: url(), poolSize: 0 }))).toMatchObject({
    code: 'ERR_CONFIGURATION',
    setting: 'database.poolSize',
  })
  expect(await failure(openPg({ url: url(), connectTimeoutMs: -1 }))).toMatchObject({
    setting: 'database.connectTimeoutMs',
  })
  expect(await failure(openPg({ url: url(), idleInTransactionTimeoutMs: 0 }))).toMatchObject({
    setting: 'database.idleInTransactionTimeoutMs',
  })
})

test('a database or user the server does not know is a matter of configuration', async () => {
  const missing = serverWith((parsed) => (parsed.pathname = '/no_such_database'))
  expect(await failure(openPg({ url: missing }))).toMatchObject({
    code: 'ERR_CONFIGURATION',
    setting: 'database',
  })
  const nobody = serverWith((parsed) => (parsed.username = 'no_such_user'))
  expect(await failure(openPg({ url: nobody }))).toMatchObject({ code: 'ERR_CONFIGURATION' })
})

test('the server may be given field by field', async () => {
  const { hostname, port, username, pathname } = new URL(url())
  await using database = await openPg({
    config: { host: hostname, port: Number(port), user: username, database: pathname.slice(1) },
  })
  expect(await database.query('select 1 as n')).toEqual([{ n: 1 }])
})

test('more work than connections waits for one, however long it takes', async () => {
  await using database = await openPg({ url: url(), poolSize: 1, connectTimeoutMs: 200 })
  const slow = database.query('select pg_sleep(0.5)')
  expect(await database.query('select 2 as n')).toEqual([{ n: 2 }])
  await slow
})

test('a connection the server ends is a connection error, and the next statement has a new one', async () => {
  await using database = await openPg({ url: url(), poolSize: 2 })
  const killed = database.transaction(async (tx) => {
    const [row] = await tx.query<{ pid: number }>('select pg_backend_pid() as pid')
    await tx.query('select pg_terminate_backend($1)', [row?.pid])
    await tx.query('select 1')
  })
  await expect(killed).rejects.toMatchObject({ code: 'ERR_CONNECTION', retryable: true })
  expect(await database.query('select 1 as n')).toEqual([{ n: 1 }])
})

test.for([
  [{}, '10s'],
  [{ idleInTransactionTimeoutMs: 1500 }, '1500ms'],
] as const)('with %j the server ends a transaction that sends nothing after %s', async ([options, limit]) => {
  await using database = await openPg({ url: url(), ...options })
  expect(await database.query('show idle_in_transaction_session_timeout')).toEqual([
    { idle_in_transaction_session_timeout: limit },
  ])
})

test('an idle connection the server ends is replaced', async () => {
  await using database = await openPg({ url: url(), poolSize: 1, applicationName: 'millrace_idle' })
  await using admin = await openPg({ url: url(), poolSize: 1 })
  await admin.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'millrace_idle'",
  )
  await vi.waitFor(async () => expect(await database.query('select 1 as n')).toEqual([{ n: 1 }]), {
    timeout: 10_000,
  })
})

test('a listener whose connection breaks listens again, and is called for what it may have missed', async () => {
  const applicationName = freshSchema('listener')
  await using database = await openPg({ url: url(), poolSize: 1, applicationName })
  await using admin = await openPg({ url: url(), poolSize: 1 })
  const heard: string[] = []
  const listener = await database.listen('millrace_test', (payload) => heard.push(payload))
  await admin.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and query like 'listen%'",
    [applicationName],
  )
  await vi.waitFor(() => expect(heard).toEqual(['']), { timeout: 15_000 })
  await admin.query("select pg_notify('millrace_test', 'again')")
  await vi.waitFor(() => expect(heard).toEqual(['', 'again']), { timeout: 15_000 })
  await listener[Symbol.asyncDispose]()
})

test('a channel that is no plain name is refused', async () => {
  await using database = await openPg({ url: url() })
  await expect(database.listen('a; drop table x', () => undefined)).rejects.toThrow('channel')
})

test('a listener that could not be registered is never called, and the next one is', async () => {
  const applicationName = freshSchema('refused')
  const role = freshSchema('role')
  await using admin = await openPg({ url: url(), poolSize: 1 })
  await admin.query(`create role ${role} login superuser`)
  await using database = await openPg({
    url: serverWith((parsed) => (parsed.username = role)),
    poolSize: 1,
    applicationName,
  })
  const heard: string[] = []
  await admin.query(`alter role ${role} nologin`)
  const refused = database.listen('millrace_refused', (payload) => heard.push(`refused ${payload}`))
  await expect(refused).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
  await admin.query(`alter role ${role} login`)
  const listener = await database.listen('millrace_refused', (payload) => heard.push(payload))
  // A reconnection that was scheduled for the refused one must not open a second connection.
  const listening = `select count(*) as n from pg_stat_activity where application_name = $1 and query like 'listen%'`
  await admin.query('select pg_sleep(0.3)')
  expect(await admin.query(listening, [applicationName])).toEqual([{ n: 1 }])
  await admin.query("select pg_notify('millrace_refused', 'told')")
  await vi.waitFor(() => expect(heard).toEqual(['told']), { timeout: 15_000 })
  await listener[Symbol.asyncDispose]()
  await admin.query(`drop role ${role}`)
})
