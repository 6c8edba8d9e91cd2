import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { defineApp } from '@millrace/app'
import { createStreamId } from '@millrace/contracts'
import type { SnapshotHeader } from '@millrace/contracts'
import { createServer, serve } from '@millrace/server'
import { defineSnapshots } from '@millrace/snapshots'
import { expect, inject, test, vi } from 'vitest'

import { account, deposit } from './support/account.ts'
import { openBank } from './support/bank.ts'
import type { OpenBank } from './support/bank.ts'
import { millrace, newPlace } from './support/place.ts'

const streamId = createStreamId('account', '1')

async function deposits({ accounts, settled }: OpenBank, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    await accounts.handle('1', deposit(n))
    await settled()
  }
}

async function headers({ app }: OpenBank): Promise<(SnapshotHeader | undefined)[]> {
  return (await app.snapshots.store.list(streamId)).map(({ header }) => header)
}

test('an app saves a state every 100 events and keeps ten, checked by sha256 and not compressed', async () => {
  await using place = await newPlace()
  {
    await using bank = await openBank(place.env)
    await deposits(bank, 250)
    expect((await headers(bank)).map((header) => header?.version)).toEqual([200, 100])
    expect((await headers(bank))[0]).toMatchObject({
      compression: 'none',
      checksum: { algorithm: 'sha256' },
      eventVersions: { MoneyDeposited: 1, MoneyWithdrawn: 2 },
    })
  }
  await using again = await openBank(place.env)
  const used: unknown[] = []
  again.app.snapshots.onFact((fact) => used.push(fact))
  expect((await again.accounts.load('1')).version).toBe(250)
  expect(used).toMatchObject([{ kind: 'used', version: 200, streamId }])
})

test.each([
  ['snapshot.threshold', { MILLRACE_SNAPSHOT_THRESHOLD: '4' }, [12, 8, 4], {}],
  [
    'snapshot.retention_count',
    { MILLRACE_SNAPSHOT_THRESHOLD: '2', MILLRACE_SNAPSHOT_RETENTION_COUNT: '3' },
    [14, 12, 10],
    {},
  ],
  [
    'snapshot.checksum_algorithm',
    { MILLRACE_SNAPSHOT_THRESHOLD: '5', MILLRACE_SNAPSHOT_CHECKSUM_ALGORITHM: 'xxhash64' },
    [15, 10, 5],
    { checksum: { algorithm: 'xxhash64' } },
  ],
  [
    'snapshot.compression',
    { MILLRACE_SNAPSHOT_THRESHOLD: '5', MILLRACE_SNAPSHOT_COMPRESSION: 'zstd' },
    [15, 10, 5],
    { compression: 'zstd' },
  ],
  [
    'snapshot.compression',
    { MILLRACE_SNAPSHOT_THRESHOLD: '5', MILLRACE_SNAPSHOT_COMPRESSION: 'gzip' },
    [15, 10, 5],
    { compression: 'gzip' },
  ],
  ['snapshot.threshold', { MILLRACE_SNAPSHOT_THRESHOLD: '0' }, [], {}],
] as const)('the setting %s changes what is saved: %j', async (_setting, env, versions, header) => {
  await using place = await newPlace()
  await using bank = await openBank({ ...place.env, ...env })
  await deposits(bank, 15)
  const found = await headers(bank)
  expect(found.map((each) => each?.version)).toEqual(versions)
  for (const each of found) expect(each).toMatchObject(header)
  expect((await bank.accounts.stateAt('1', new Date())).state.movements).toBe(15)
})

test('snapshots lie in files, or on JetStream, where the setting says so', async () => {
  await using place = await newPlace()
  {
    await using bank = await openBank({
      ...place.env,
      MILLRACE_SNAPSHOT_STORE: 'files',
      MILLRACE_SNAPSHOT_THRESHOLD: '2',
    })
    await deposits(bank, 4)
    const folder = join(place.dataDir, 'snapshots', 'account-1', 'account')
    expect((await readdir(folder)).toSorted()).toEqual(['2-1.snapshot', '4-1.snapshot'])
    expect(await bank.app.database.query('select 1 from millrace.snapshots')).toEqual([])
  }
  const name = `snap_${Date.now().toString(36)}`
  const env = { NATS_URL: inject('servers').nats, NATS_STREAM: name, MILLRACE_SNAPSHOT_STORE: 'jetstream' }
  await using other = await newPlace()
  await using bank = await openBank({ ...other.env, ...env, MILLRACE_SNAPSHOT_THRESHOLD: '2' })
  await deposits(bank, 4)
  expect(await headers(bank)).toMatchObject([{ version: 4 }, { version: 2 }])
  expect(await bank.app.database.query('select 1 from millrace.snapshots')).toEqual([])
})

test('a daily schedule saves what changed when the app starts', async () => {
  await using place = await newPlace()
  const daily = defineSnapshots({
    category: 'account',
    decider: account,
    schemaVersion: 1,
    schedule: 'daily',
  })
  const definition = defineApp({ name: 'bank', snapshots: [daily] })
  {
    await using bank = await openBank(place.env)
    await deposits(bank, 3)
    expect(await headers(bank)).toEqual([])
  }
  await using bank = await openBank(place.env, definition, daily)
  await vi.waitUntil(async () => (await headers(bank)).length === 1, { timeout: 10_000 })
  expect(await headers(bank)).toMatchObject([{ version: 3 }])
})

test('an app knows only its own snapshots, and definitions are checked', async () => {
  await using place = await newPlace()
  await using bank = await openBank(place.env)
  const other = defineSnapshots({ category: 'account', name: 'other', decider: account, schemaVersion: 1 })
  expect(() => bank.app.snapshots.of(other)).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION', setting: 'snapshots' }),
  )
  for (const [setting, definition] of [
    ['snapshots[0]', { name: 'a', snapshots: [{}] }],
    ['settings.snapshotThreshold', { name: 'a', settings: { snapshotThreshold: -1 } }],
    ['settings.snapshotCompression', { name: 'a', settings: { snapshotCompression: true } }],
    ['settings.snapshotChecksumAlgorithm', { name: 'a', settings: { snapshotChecksumAlgorithm: 'md5' } }],
  ] as const)
    expect(() => defineApp(definition as never)).toThrow(expect.objectContaining({ setting }))
})

/** The commands, on a bank with one account of 250 deposits. */
async function operate(env: Readonly<Record<string, string>>): Promise<void> {
  const json = async (...argv: string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await millrace([...argv, '--json'], env)
    expect([code, stderr]).toEqual([0, ''])
    return JSON.parse(stdout) as unknown
  }
  expect(await json('streams', 'health', 'account-1')).toMatchObject({
    events: 250,
    version: 250,
    snapshot: { version: 200, name: 'account', readable: true, sealed: false },
    eventsSinceSnapshot: 50,
    recommendation: 'none',
  })
  expect(await json('snapshots', 'list')).toEqual({ streams: ['account-1'], next: null })
  expect(await json('snapshots', 'take', 'account-1')).toEqual({
    taken: [{ streamId: 'account-1', name: 'account', kind: 'saved', version: 250, reason: null }],
  })
  expect(await json('snapshots', 'list', 'account-1')).toMatchObject({
    snapshots: [{ version: 250 }, { version: 200 }, { version: 100 }],
  })
  expect(await json('snapshots', 'verify', 'account-1')).toMatchObject({
    verdicts: [{ verdict: 'valid' }, { verdict: 'valid' }, { verdict: 'valid', reason: null }],
  })
  expect(await json('snapshots', 'prune', 'account-1', '--keep', '2')).toEqual({
    streamId: 'account-1',
    removed: 1,
  })
  const table = await millrace(['snapshots', 'list', 'account-1'], env)
  expect(table.stdout).toMatch(/NAME +VERSION +SCHEMA +BYTES +TAKEN +COMPRESSION/)
  const health = await millrace(['streams', 'health', 'account-1'], env)
  expect(health.stdout).toContain('account at version 250')
  const failures = await Promise.all([
    millrace(['snapshots', 'take', 'account-2'], env),
    millrace(['snapshots', 'list', 'account-2'], env),
    millrace(['streams', 'health', 'account-2'], env),
    millrace(['snapshots', 'take', 'cart-1'], env),
    millrace(['snapshots', 'prune', 'account-1', '--keep', 'x'], env),
    millrace(['snapshots', 'verify', 'no stream'], env),
  ])
  expect(failures.map(({ code }) => code)).toEqual([5, 5, 5, 4, 4, 4])
  expect(failures[3]?.stderr).toContain('those of account')
}

test('operators list, take, prune and verify snapshots of an app that is served', async () => {
  await using place = await newPlace()
  await using bank = await openBank(place.env)
  await deposits(bank, 250)
  await using running = await serve(createServer(bank.app), { port: 0 })
  bank.app.announce(running.url)
  await operate(place.env)
})

test('and of one that is stopped', async () => {
  await using place = await newPlace()
  {
    await using bank = await openBank(place.env)
    await deposits(bank, 250)
  }
  // One after the other: an embedded database is held by one command at a time.
  const one = await millrace(['streams', 'health', 'account-1'], place.env)
  expect(one).toMatchObject({ code: 0 })
  expect(await millrace(['snapshots', 'take', 'account-1'], place.env)).toMatchObject({
    code: 0,
    stdout: 'account saved at version 250\n',
  })
})

test('verification finds what was changed, and says so by its exit code', async () => {
  await using place = await newPlace()
  {
    await using bank = await openBank({ ...place.env, MILLRACE_SNAPSHOT_THRESHOLD: '5' })
    await deposits(bank, 12)
    const { database } = bank.app
    await database.execute(`update millrace.snapshots set state = $1 where version = 5`, [Buffer.from('{}')])
    await database.execute(`update millrace.snapshots set header = 'x' where version = 10`)
  }
  const { code, stdout } = await millrace(['snapshots', 'verify', 'account-1', '--json'], place.env)
  expect(code).toBe(1)
  expect(JSON.parse(stdout)).toMatchObject({
    verdicts: [
      { version: 10, verdict: 'corrupt' },
      { version: 5, verdict: 'corrupt' },
    ],
  })
})

test('pruning a stream that was tombstoned leaves nothing of it', async () => {
  await using place = await newPlace()
  {
    await using bank = await openBank({ ...place.env, MILLRACE_SNAPSHOT_THRESHOLD: '5' })
    await deposits(bank, 12)
    await bank.app.store.tombstone(streamId, { expectedVersion: 'any', reason: 'closed' })
  }
  const health = await millrace(['streams', 'health', 'account-1', '--json'], place.env)
  expect(JSON.parse(health.stdout)).toMatchObject({ events: 0, recommendation: 'prune-snapshots' })
  expect(await millrace(['snapshots', 'prune', 'account-1'], place.env)).toMatchObject({
    stdout: '2 removed\n',
  })
})
