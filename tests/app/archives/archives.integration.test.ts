import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { createManagement, defineApp, openApp } from '@millrace/app'
import type { App } from '@millrace/app'
import { createStreamId } from '@millrace/contracts'
import type { FailpointName, StoredEvent } from '@millrace/contracts'
import { defineProcessor } from '@millrace/processing'
import { createServer, serve } from '@millrace/server'
import { millrace } from '@millrace/tools/cli'
import { describe, expect, test, vi } from 'vitest'

import { eventually, newPlace, preparedPlace } from '../support/places.ts'
import type { Place } from '../support/places.ts'

vi.setConfig({ testTimeout: 60_000 })

const definition = defineApp({ name: 'millrace', hashChain: true, accessLog: true })
const main = fileURLToPath(new URL('../fixtures/killed-main.ts', import.meta.url))
const any = { expectedVersion: 'any' } as const
const later = ['--before', '9999-01-01'] as const
const [account, closed, young] = ['ä/1', 'closed', 'young'].map((key) => createStreamId('account', key)) as [
  ReturnType<typeof createStreamId>,
  ReturnType<typeof createStreamId>,
  ReturnType<typeof createStreamId>,
]

/** Two partitions with events: what lies in the first can be archived and taken away. */
async function fill(app: App): Promise<void> {
  const { store, database } = app
  for (let n = 0; n < 10; n++)
    await store.append(
      account,
      [
        { type: 'deposited', data: { cents: n } },
        { type: 'noted', data: 'é' },
      ],
      any,
    )
  await store.append(closed, [{ type: 'opened', data: {} }], any)
  await store.tombstone(closed, { ...any, reason: 'asked for' })
  await database.query(`select setval('millrace.commit_seq', 10000000)`)
  await store.append(account, [{ type: 'deposited', data: { cents: 99 } }], any)
  await store.append(young, [{ type: 'opened', data: {} }], any)
}

async function filled(): Promise<Place> {
  const place = await newPlace('postgres')
  await using app = await openApp(definition, { env: place.env })
  await fill(app)
  return place
}

const pictureOf = ({
  id,
  streamId,
  type,
  version,
  commitId,
  payload,
  occurredAt,
  recordedAt,
}: StoredEvent): object => ({
  id,
  streamId,
  type,
  version,
  commitId,
  payload,
  occurredAt,
  recordedAt,
})

async function pictures(place: Place): Promise<readonly object[]> {
  await using app = await openApp(definition, { env: place.env, mode: 'inspect' })
  const found: object[] = []
  for await (const event of app.store.readAll()) found.push(pictureOf(event))
  return found
}

/** Runs commands on a place; with `--json` the answer is parsed. */
function commandsOn(place: Place) {
  const run = async (...argv: readonly string[]) => await millrace(argv, place.env)
  const json = async (...argv: readonly string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await run(...argv, '--json')
    if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${stderr}`)
    return JSON.parse(stdout)
  }
  return { run, json }
}

/** Runs a command that is to be killed at a failpoint; true where it was. */
async function killedAt(failpoint: FailpointName, place: Place, argv: readonly string[]): Promise<boolean> {
  const child = spawn(process.execPath, ['--conditions=@millrace/source', main, failpoint, ...argv], {
    env: { PATH: process.env['PATH'], ...place.env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  // The dead process's lock would be waited for.
  await millrace(['locks', 'release', 'archive/events', '--force'], place.env)
  return signal === 'SIGKILL'
}

test('the older part of a log is archived, taken away, and restored elsewhere event by event', async () => {
  await using place = await filled()
  const wanted = await pictures(place)
  const { run, json } = commandsOn(place)
  expect(await json('archive', 'list')).toMatchObject({ archives: [] })
  expect(await json('archive', 'create')).toMatchObject({ added: { events: 0 }, reached: null })
  expect(await json('archive', 'create', ...later)).toMatchObject({
    name: 'events',
    added: { files: 1, commits: 13, events: 23 },
    complete: true,
  })
  expect(await json('archive', 'verify')).toMatchObject({ current: true, events: 23, partitions: [] })
  expect(await json('partitions', 'detach', 'events_p0', '--dry-run')).toMatchObject({ state: 'attached' })
  const { code, stdout } = await run('partitions', 'detach', 'events_p0')
  expect([code, stdout]).toEqual([0, expect.stringContaining('events_p0 is detached') as string])
  expect(await json('partitions', 'list')).toMatchObject({
    partitions: [
      { name: 'events_p0', state: 'detached', events: 21, archive: 'events', toCommit: 10_000_000 },
      { name: 'events_p1', state: 'attached', archive: null },
      {},
    ],
  })
  expect(await json('archive', 'verify', 'events')).toMatchObject({ partitions: ['events_p0'] })

  const chain = await run('streams', 'verify', '--chain')
  expect(chain).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('events of commits before 10000000 are archived: ') as string,
  })
  const shown = await run('streams', 'show', account)
  expect([shown.code, shown.stderr]).toEqual([1, expect.stringContaining('begins at version 21') as string])
  expect(await json('streams', 'show', account, '--from', '21')).toMatchObject({
    events: [{ version: 21 }],
  })
  const tail = await run('events', 'tail', '--no-follow', '--json')
  expect([tail.code, tail.stdout.trim().split('\n').length]).toEqual([0, 2])

  {
    await using app = await openApp(definition, { env: place.env })
    await app.store.append(young, [{ type: 'closed', data: {} }], any)
  }
  expect(await json('archive', 'create', ...later)).toMatchObject({ added: { files: 1, events: 1 } })
  await using target = await newPlace('postgres')
  await (await openApp(definition, { env: target.env }))[Symbol.asyncDispose]()
  const folder = join(place.dataDir, 'archives', 'events')
  expect(await commandsOn(target).json('archive', 'restore', folder)).toMatchObject({ events: 24 })
  const restored = await pictures(target)
  expect(restored.slice(0, -1)).toEqual(wanted)
  expect(restored.at(-1)).toMatchObject({ streamId: young, type: 'closed', version: 2 })
  {
    // Who would fold the log from its beginning is told, and does not begin in its middle.
    const late = defineProcessor({ name: 'late', startFrom: 'beginning', handle: () => expect.unreachable() })
    const lately = defineApp({ name: 'millrace', processors: () => [late] })
    await using app = await openApp(lately, { env: place.env })
    const problem = await eventually(
      async () => (await createManagement(app).processors())[0]?.lastError,
      (error) => typeof error === 'string',
    )
    expect(problem).toContain('are in an archive and not in the log any more')
  }
  // A log with events is not replaced.
  expect((await run('archive', 'restore', 'events')).code).toBe(1)
})

test('a kill at any step leaves the log and the archive whole, and the same command goes on', async () => {
  await using place = await filled()
  const wanted = await pictures(place)
  const { json } = commandsOn(place)
  const create = ['archive', 'create', ...later] as const
  expect(await killedAt('archive:before-manifest', place, create)).toBe(true)
  expect(await json('archive', 'list')).toMatchObject({ archives: [] })
  expect(await killedAt('archive:after-manifest', place, create)).toBe(true)
  expect(await json(...create)).toMatchObject({ added: { events: 0 }, complete: true })
  expect(await json('archive', 'verify')).toMatchObject({ events: wanted.length })

  const detach = ['partitions', 'detach', 'events_p0', '--drop'] as const
  const state = async (): Promise<unknown> =>
    ((await json('partitions', 'list')) as { partitions: readonly { state: string }[] }).partitions[0]?.state
  expect(await killedAt('detach:before-commit', place, detach)).toBe(true)
  expect([await state(), await pictures(place)]).toEqual(['attached', wanted])
  for (const [failpoint, after] of [
    ['detach:after-commit', 'detached'],
    ['drop:before-commit', 'detached'],
    ['drop:after-commit', 'dropped'],
  ] as const) {
    expect(await killedAt(failpoint, place, detach)).toBe(true)
    expect([failpoint, await state()]).toEqual([failpoint, after])
    expect((await millrace(['streams', 'verify', '--chain'], place.env)).code).toBe(0)
  }
  expect(await json(...detach)).toMatchObject({ state: 'dropped' })
  await using app = await openApp(definition, { env: place.env })
  expect(
    await app.store.append(account, [{ type: 'noted', data: 1 }], { expectedVersion: 21 }),
  ).toMatchObject({
    version: 22,
  })
})

describe('of an app that is served', () => {
  test('everything goes over HTTP, with reasons, progress and roles, and is recorded', async () => {
    await using place = await preparedPlace()
    const env = { ...place.env, MILLRACE_ACCESS_LOG_RETENTION_DAYS: '30' }
    await using app = await openApp(definition, { env })
    await fill(app)
    const reader = {
      token: 'reader-token-0123456789',
      principal: { name: 'reader', roles: ['read'] },
    } as const
    await using running = await serve(
      createServer(app, { token: 'operator-token-0123456789', tokenHolders: [reader] }),
      { port: 0 },
    )
    const as =
      (token: string) =>
      async (...argv: readonly string[]) =>
        await millrace([...argv, '--url', running.url, '--token', token])
    const operator = as('operator-token-0123456789')
    expect((await operator('archive', 'list')).code).toBe(0)
    expect((await operator('archive', 'verify', 'events')).code).toBe(5)
    expect((await operator('archive', 'verify', '../x')).code).toBe(4)
    expect((await operator('archive', 'create', '--before', 'soon')).code).toBe(4)
    expect((await operator('partitions', 'detach', 'events_p9')).code).toBe(5)
    const early = await operator('partitions', 'detach', 'events_p0')
    expect([early.code, early.stderr]).toEqual([1, expect.stringContaining('there is none') as string])
    const created = await operator('archive', 'create', 'all', ...later)
    expect([created.code, created.stderr]).toEqual([0, expect.stringContaining('100 %') as string])
    expect((await as(reader.token)('partitions', 'detach', 'events_p0', '--archive', 'all')).code).toBe(1)
    expect((await as(reader.token)('privacy', 'access-log')).code).toBe(1)

    const start = await app.store.log.beginning()
    await app.processors.register({ processor: 'slow', partitions: 1, log: app.store.log.name, start })
    const held = await operator('partitions', 'detach', 'events_p0', '--archive', 'all')
    expect([held.code, held.stderr]).toEqual([
      1,
      expect.stringContaining('processor slow has read up to commit 0 only') as string,
    ])
    const prune = await operator('processors', 'prune', '--unused-days', '1', '--json')
    expect([prune.code, JSON.parse(prune.stdout)]).toEqual([0, { dryRun: false, removed: [] }])
    expect((await operator('processors', 'prune', '--unused-days', '0')).code).toBe(4)
    await app.database.execute(
      `update millrace.processor_partitions set updated_at = now() - interval '2 days', lease_until = null`,
    )
    const dry = await operator('processors', 'prune', '--unused-days', '1', '--dry-run')
    expect(dry.stdout).toContain('slow')
    expect((await operator('processors', 'prune', '--unused-days', '1')).stdout).toContain('slow')

    // A file of the archive that was changed holds the partition too.
    const file = join(app.settings.archiveFolder.value, 'all', 'events-00000001.jsonl.gz')
    const bytes = readFileSync(file)
    writeFileSync(file, bytes.toReversed())
    const bad = await operator('partitions', 'detach', 'events_p0', '--archive', 'all')
    expect([bad.code, bad.stderr]).toEqual([1, expect.stringContaining('is not what was written') as string])
    expect((await operator('archive', 'verify', 'all')).code).toBe(1)
    writeFileSync(file, bytes)
    const done = await operator('partitions', 'detach', 'events_p0', '--archive', 'all', '--drop', '--json')
    expect([done.code, JSON.parse(done.stdout)]).toMatchObject([
      0,
      { state: 'dropped', detachedBy: expect.anything() as string },
    ])
    await expect(app.store.log.readBatch(start)).rejects.toMatchObject({ code: 'ERR_LOG_ARCHIVED' })

    const log = async (...more: readonly string[]): Promise<{ readonly entries: readonly object[] }> =>
      JSON.parse((await operator('privacy', 'access-log', '--json', ...more)).stdout) as { entries: object[] }
    expect((await log('--subject', 'events_p0')).entries).toMatchObject(
      ['allowed', 'allowed', 'allowed', 'denied', 'allowed'].map((outcome) => ({
        action: 'POST /api/partitions/:name/detach',
        target: 'events_p0',
        outcome,
      })),
    )
    expect((await log('--actor', 'reader')).entries).toHaveLength(2)
    expect((await log('--since', '2999-01-01')).entries).toEqual([])
    const before = (await log('--limit', '1000')).entries.length
    await app.database.script(`alter table millrace.access_log disable trigger user;
      update millrace.access_log set at = at - 31 * 86400000::bigint where actor = 'reader';
      alter table millrace.access_log enable trigger user`)
    await expect(app.database.execute('delete from millrace.access_log')).rejects.toThrow(
      'only ever pruned by age',
    )
    const pruned = await operator('privacy', 'prune-access-log', '--json')
    expect([pruned.code, JSON.parse(pruned.stdout)]).toMatchObject([0, { removed: 2 }])
    expect((await log('--actor', 'reader')).entries).toEqual([])
    const after = (await log('--limit', '1000')).entries
    expect(after.length).toBeGreaterThan(before - 2)
    expect(after).toContainEqual(
      expect.objectContaining({
        action: 'prune access log',
        target: expect.stringMatching(/^2 entries before \d+$/) as string,
      }),
    )
  })

  test('without a retention nothing is pruned, and what is not recorded is not found', async () => {
    await using place = await preparedPlace()
    {
      await using app = await openApp(definition, { env: place.env })
      await using running = await serve(createServer(app, {}), { port: 0 })
      const { code, stderr } = await millrace(['privacy', 'prune-access-log', '--url', running.url])
      expect([code, stderr]).toEqual([4, expect.stringContaining('kept for ever') as string])
    }
    const { run } = commandsOn(place)
    expect((await run('privacy', 'access-log')).code).toBe(5)
  })

  test('events on JetStream are archived, and lie in no partitions', async () => {
    await using place = await preparedPlace('jetstream')
    await using app = await openApp(defineApp({ name: 'millrace' }), { env: place.env })
    await using running = await serve(createServer(app, {}), { port: 0 })
    await app.store.append(account, [{ type: 'opened', data: {} }], any)
    const run = async (...argv: readonly string[]) => (await millrace([...argv, '--url', running.url])).code
    expect(await run('archive', 'create', ...later)).toBe(0)
    expect(await run('archive', 'verify')).toBe(0)
    expect(await run('partitions', 'list')).toBe(5)
    expect(await run('partitions', 'detach', 'events_p0')).toBe(5)
  })
})
