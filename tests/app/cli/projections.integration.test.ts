import { createManagement, openApp } from '@millrace/app'
import type { ProjectionView } from '@millrace/app'
import { run } from '@millrace/cli'
import { millrace, surroundings } from '@millrace/tools/cli'
import type { Outcome } from '@millrace/tools/cli'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { createBank, deposit, readLines } from '../support/bank.ts'
import type { Bank } from '../support/bank.ts'
import { eventually, preparedPlace } from '../support/places.ts'
import { serveApp } from '../support/served-shop.ts'
import type { ServedApp } from '../support/served-shop.ts'

const cents = Array.from({ length: 500 }, () => 1)

describe('projections of a running app', () => {
  const stack = new AsyncDisposableStack()
  let bank: Bank
  let served: ServedApp
  let env: Readonly<Record<string, string>>
  beforeAll(async () => {
    bank = createBank()
    const place = stack.use(await preparedPlace())
    env = place.env
    const app = stack.use(await openApp(bank.definition, { env }))
    served = stack.use(await serveApp(app))
    app.announce(served.running.url)
    // A batch holds 500: the first commit fills one, so that a build may be held between the two.
    await deposit(app.store, 'a', ...cents)
    await deposit(app.store, 'b', 777)
    await eventually(
      () => readLines(app.database),
      (n) => n === 501,
    )
  })
  afterAll(() => stack.disposeAsync())

  const projections = async (...argv: readonly string[]): Promise<Outcome> =>
    await millrace(['projections', ...argv], env)

  const show = async (): Promise<ProjectionView> =>
    JSON.parse((await projections('show', 'lines', '--json')).stdout) as ProjectionView

  const post = async (verb: string, body: unknown, name = 'lines'): Promise<readonly [number, unknown]> => {
    const response = await fetch(`${served.running.url}/api/projections/${name}/${verb}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return [response.status, await response.json()]
  }

  /** A rebuild that has come half way and stays there until the gate is opened. */
  async function heldRebuild(...flags: readonly string[]): Promise<ProjectionView> {
    bank.gate.heldCents = 777
    const begun = await projections('rebuild', 'lines', ...flags)
    expect([begun.code, begun.stdout]).toEqual([
      0,
      expect.stringMatching(/^lines is being rebuilt by lines-v1-\d+\n$/),
    ])
    return await eventually(show, ({ build }) => build?.progress.done === 1 && build.feeder === 'running')
  }

  test('are listed and shown, the same by CLI, HTTP and in process', async () => {
    const listed = await eventually(
      () => projections('list'),
      ({ stdout }) => stdout.includes('running'),
    )
    expect(listed.code).toBe(0)
    expect(listed.stdout).toMatch(
      /^PROJECTION +VERSION +STATE +BEHIND +SECONDS +PARKED +HELD +BUILD +RETIRED +LAST ERROR\nlines +1 +running +0 +0\.0 +0 +0 +0\n$/,
    )
    const shown = await projections('show', 'lines')
    expect(shown.stdout).toMatch(
      /^projection +lines\nstate +running\nversion +1\nform +tables, 1 partition\nposition +\S+:2:0\n/,
    )
    const byHttp = (await (await fetch(`${served.running.url}/api/projections`)).json()) as object
    expect(JSON.parse((await projections('list', '--json')).stdout)).toEqual(byHttp)
    expect(byHttp).toEqual({ projections: await served.management.projections() })
    expect(await show()).toMatchObject({
      name: 'lines',
      form: 'tables',
      version: 1,
      codeVersion: 1,
      running: true,
      processor: 'lines-v1',
      heldStreams: { count: 0, streams: [] },
      build: null,
      retired: [],
    })
  })

  test('that do not exist are exit code 5', async () => {
    for (const argv of [
      ['show', 'none'],
      ['pause', 'none'],
      ['resume', 'none'],
      ['cancel', 'none'],
      ['rebuild', 'none'],
      ['rebuild', 'none', '--wait'],
      ['reset', 'none', '--force'],
      ['drop', 'none', '--version', '1'],
      ['remove', 'none', '--force'],
    ]) {
      const { code, stdout, stderr } = await projections(...argv)
      expect([argv, code, stdout, stderr]).toEqual([argv, 5, '', 'error: projection none does not exist\n'])
    }
    expect(await post('pause', {}, 'none')).toMatchObject([404, { error: { code: 'ERR_NOT_FOUND' } }])
  })

  test('are changed by valid orders only: 4 for a value, 2 for the command line, 3 for no server', async () => {
    const before = await show()
    for (const [field, ...argv] of [
      ['--force', 'reset', 'lines'],
      ['--force', 'remove', 'lines'],
      ['name', 'remove', 'lines', '--force'],
      ['--version', 'drop', 'lines'],
      ['--version', 'drop', 'lines', '--version', '0'],
      ['version', 'drop', 'lines', '--version', '10000'],
      ['--partitions', 'rebuild', 'lines', '--partitions', 'many'],
      ['partitions', 'rebuild', 'lines', '--partitions', '65'],
    ] as const) {
      const { code, stdout, stderr } = await projections(...argv, '--json')
      expect([argv, code, stdout]).toEqual([argv, 4, ''])
      expect(stderr).toMatch(new RegExp(`^error: ${field}: must be .+\\n$`))
    }
    expect((await projections('rebuild')).code).toBe(2)
    expect((await projections('frobnicate', 'lines')).code).toBe(2)
    expect((await projections('list', '--url', 'http://127.0.0.1:1')).code).toBe(3)
    for (const [verb, body, field] of [
      ['reset', {}, 'force'],
      ['reset', { force: 'yes' }, 'force'],
      ['remove', {}, 'force'],
      ['drop', {}, 'version'],
      ['drop', { version: '1' }, 'version'],
      ['rebuild', { partitions: 0 }, 'partitions'],
      ['rebuild', { partitions: 1.5 }, 'partitions'],
      ['pause', { version: 1 }, 'version'],
      ['resume', { by: '' }, 'by'],
    ] as const)
      expect([verb, body, await post(verb, body)]).toMatchObject([
        verb,
        body,
        [400, { error: { code: 'ERR_INVALID_VALUE', field } }],
      ])
    expect(await show()).toEqual(before)
  })

  test('rest while they are paused and catch up when they are resumed', async () => {
    const paused = await projections('pause', 'lines')
    expect(paused).toEqual({ code: 0, stdout: 'lines: pause done\n', stderr: '' })
    await deposit(served.app.store, 'a', 2)
    expect(await eventually(show, ({ state, lag }) => state === 'paused' && lag.records === 1)).toMatchObject(
      {
        running: false,
      },
    )
    const status = await millrace(['status'], env)
    expect([status.code, status.stdout]).toEqual([1, expect.stringContaining('processor lines-v1 is paused')])
    const before = await readLines(served.app.database)
    const resumed = await projections('resume', 'lines', '--json')
    expect([resumed.code, JSON.parse(resumed.stdout)]).toEqual([
      0,
      { name: 'lines', verb: 'resume', done: true },
    ])
    await eventually(
      () => readLines(served.app.database),
      (n) => n === before + 1,
    )
  })

  test('are rebuilt beside what is read, one at a time, and given up on demand', async () => {
    const lines = await readLines(served.app.database)
    const half = await heldRebuild('--partitions', '2')
    expect(half.build).toMatchObject({ version: 1, partitions: 2, state: 'building', startedBy: 'cli:ann' })
    expect((await projections('list')).stdout).toMatch(/ v1 building \d\d % +0\n/)
    expect((await projections('show', 'lines')).stdout).toMatch(
      /\nbuild +building \d\d %, 1 of \d commits\n\nBUILD +VERSION +STATE/,
    )
    expect(await readLines(served.app.database)).toBe(lines)

    const second = await projections('rebuild', 'lines')
    expect([second.code, second.stderr]).toEqual([1, expect.stringContaining('lines')])
    expect(await post('rebuild', {})).toMatchObject([
      409,
      { error: { code: 'ERR_PROJECTION_REBUILD_IN_PROGRESS' } },
    ])

    expect((await projections('cancel', 'lines')).stdout).toBe('lines: cancel done\n')
    expect((await projections('cancel', 'lines')).stdout).toBe('lines: cancel had nothing to do\n')
    bank.gate.heldCents = undefined
    expect(await show()).toMatchObject({
      processor: 'lines-v1',
      build: null,
      retired: [{ state: 'retired' }],
    })
    expect((await projections('drop', 'lines', '--version', '1')).stdout).toBe('lines: drop done\n')
    expect((await projections('drop', 'lines', '--version', '1')).stdout).toBe(
      'lines: drop had nothing to do\n',
    )
    expect(await show()).toMatchObject({ state: 'running', processor: 'lines-v1', retired: [] })
    expect(await readLines(served.app.database)).toBe(lines)
  })

  test('show how far a rebuild is to who waits for it, and end with 0 when it is read', async () => {
    bank.gate.heldCents = 777
    const { io, stdout, stderr } = surroundings(env)
    const waiting = run(['projections', 'rebuild', 'lines', '--wait', '--json'], io)
    const [progress = ''] = await eventually(
      () => stderr.text.split('\n').filter((line) => line !== ''),
      (told) => told.length > 0,
    )
    expect(progress).toMatch(/^\d\d % {2}1 of \d commits$/)
    expect(stdout.text).toBe('')
    bank.gate.heldCents = undefined
    expect(await waiting).toBe(0)
    const { processor } = await show()
    expect(JSON.parse(stdout.text)).toEqual({
      name: 'lines',
      verb: 'rebuild',
      done: true,
      processor,
      live: true,
    })
    expect(processor).not.toBe('lines-v1')
    const dropped = await post('drop', { version: 1 })
    expect(dropped).toEqual([200, { name: 'lines', verb: 'drop', done: true }])
  })

  test('end a wait with 1 when the rebuild is given up, or the waiting is', async () => {
    bank.gate.heldCents = 777
    const first = surroundings(env)
    const waiting = run(['projections', 'rebuild', 'lines', '--wait'], first.io)
    await eventually(show, ({ build }) => build?.progress.done === 1)
    expect(await post('cancel', {})).toMatchObject([200, { done: true }])
    expect([await waiting, first.stdout.text]).toEqual([1, 'the rebuild of lines was given up\n'])

    const second = surroundings(env)
    const left = run(['projections', 'rebuild', 'lines', '--wait'], second.io)
    await eventually(show, ({ build }) => build?.progress.done === 1)
    await served.management.orderProjection('lines', { verb: 'pause', by: 'ann' })
    await eventually(
      () => second.stderr.text,
      (text) => text.includes('the build is paused\n'),
    )
    second.interrupt()
    expect([await left, second.stdout.text]).toEqual([
      1,
      'the rebuild of lines goes on without this command\n',
    ])
    expect((await show()).build).not.toBeNull()
    await projections('cancel', 'lines')
    await projections('resume', 'lines')
    bank.gate.heldCents = undefined
  })

  test('say which streams they hold, how long, how much and why, until the first event is dealt with', async () => {
    bank.failing.on = true
    await deposit(served.app.store, 'held', 1, 13, 2)
    await deposit(served.app.store, 'held', 3)
    await deposit(served.app.store, 'free', 5)
    const held = await eventually(show, ({ parkedRecords, lag }) => parkedRecords === 3 && lag.records === 0)
    expect(held.heldStreams).toMatchObject({
      count: 1,
      streams: [
        {
          stream: 'account-held',
          partition: 0,
          events: 3,
          first: {
            reason: expect.stringContaining('13 cents are refused') as string,
            tries: 1,
            retryRequested: false,
          },
        },
      ],
    })
    expect((await projections('list')).stdout).toMatch(/\nlines +1 +running +0 +0\.0 +3 +1 /)
    const { stdout } = await projections('show', 'lines')
    const { events } = (await served.management.readStream('account-held')) ?? { events: [] }
    const [, id = ''] =
      /\nHELD STREAM +EVENTS +SINCE +REASON +DEAD LETTER\naccount-held +3 .*13 cents are refused +(\S+)\n/.exec(
        stdout,
      ) ?? []
    expect(id).toBe(`${events[1]?.id}:${held.processor}`)
    const byHttp = (await (await fetch(`${served.running.url}/api/projections`)).json()) as object
    expect(byHttp).toMatchObject({ projections: [{ heldStreams: { streams: [{ first: { id } }] } }] })

    bank.failing.on = false
    expect((await millrace(['dlq', 'retry', id], env)).code).toBe(0)
    expect(await eventually(show, ({ parkedRecords }) => parkedRecords === 0)).toMatchObject({
      heldStreams: { count: 0, streams: [] },
    })
    expect((await projections('show', 'lines')).stdout).not.toContain('HELD STREAM')
  })

  test('are emptied by a forced reset and fill again', async () => {
    const lines = await readLines(served.app.database)
    bank.gate.heldCents = 1
    const reset = await projections('reset', 'lines', '--force')
    expect(reset).toEqual({ code: 0, stdout: 'lines: reset done\n', stderr: '' })
    expect(await readLines(served.app.database)).toBe(0)
    bank.gate.heldCents = undefined
    await eventually(
      () => readLines(served.app.database),
      (n) => n === lines,
    )
    expect(served.failures).toEqual([])
  })
})

describe('projections of an app that no server is found for', () => {
  const config = new URL('../fixtures/bank.config.ts', import.meta.url).pathname

  test('rest, can be given orders, and carry them out when the app runs', async () => {
    await using place = await preparedPlace()
    const { env } = place
    const projections = async (...argv: readonly string[]): Promise<Outcome> =>
      await millrace(['projections', ...argv, '--config', config], env)
    const early = await projections('rebuild', 'lines', '--wait')
    expect([early.code, early.stderr]).toEqual([4, expect.stringContaining('was started before')])
    const bank = createBank()
    {
      await using app = await openApp(bank.definition, { env })
      await deposit(app.store, 'a', 1, 2)
      await eventually(
        () => readLines(app.database),
        (n) => n === 2,
      )
    }
    expect((await projections('list')).stdout).toMatch(/\nlines +1 +stopped +0 /)
    // Without the app's configuration nobody knows how to build it.
    const unknown = await millrace(['projections', 'rebuild', 'lines'], env)
    expect([unknown.code, unknown.stderr]).toEqual([4, expect.stringContaining('the code at hand defines')])
    expect((await projections('pause', 'lines')).stdout).toBe('lines: pause done\n')
    expect((await projections('resume', 'lines')).code).toBe(0)
    const asked = await projections('rebuild', 'lines', '--wait')
    expect([asked.code, asked.stdout]).toEqual([
      1,
      'no process rebuilds lines: it goes on when the app runs\n',
    ])
    {
      await using app = await openApp(bank.definition, { env })
      await eventually(
        () => createManagement(app).projections(),
        ([lines]) => lines?.processor === 'lines-v1-2' && lines.build === null,
      )
      expect(await readLines(app.database)).toBe(2)
    }
    // What still defines it would only build it anew.
    expect((await projections('remove', 'lines', '--force')).code).toBe(4)
    const removed = await eventually(
      () => millrace(['projections', 'remove', 'lines', '--force'], env),
      ({ code }) => code === 0,
    )
    expect(removed.stdout).toBe('lines: remove done\n')
    expect((await millrace(['projections', 'list'], env)).stdout).toBe('no projections\n')
  })

  test('on Postgres are rebuilt by the process that runs them, while another waits', async () => {
    await using place = await preparedPlace('postgres')
    const { env } = place
    const projections = async (...argv: readonly string[]): Promise<Outcome> =>
      await millrace(['projections', ...argv, '--config', config], env)
    await using app = await openApp(createBank().definition, { env })
    await deposit(app.store, 'a', 1, 2, 3)
    await eventually(
      () => readLines(app.database),
      (n) => n === 3,
    )
    const rebuilt = await projections('rebuild', 'lines', '--partitions', '2', '--wait')
    expect([rebuilt.code, rebuilt.stdout]).toEqual([0, 'lines is rebuilt, and read\n'])
    const shown = await projections('show', 'lines')
    expect(shown.stdout).toMatch(/\nform +tables, 2 partitions\n/)
    expect(shown.stdout).toMatch(
      /\nBUILD +VERSION +STATE +PARTITIONS +STARTED +BY\nlines-v1 +1 +retired +1 .* start\n/,
    )
    expect((await projections('drop', 'lines', '--version', '1')).stdout).toBe('lines: drop done\n')
    expect((await projections('reset', 'lines', '--force')).code).toBe(0)
    await eventually(
      () => readLines(app.database),
      (n) => n === 3,
    )
  })
})
