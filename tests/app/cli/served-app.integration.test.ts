import { createManagement } from '@millrace/app'
import { createHttpManagement, run } from '@millrace/cli'
import { createServer, serve } from '@millrace/server'
import { millrace, surroundings } from '@millrace/tools/cli'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { eventually } from '../support/places.ts'
import { serveShop } from '../support/served-shop.ts'
import type { ServedShop } from '../support/served-shop.ts'
import { cart, event } from '../support/shop.ts'

describe('commands against a running app', () => {
  let served: ServedShop
  let env: Readonly<Record<string, string>>
  beforeAll(async () => {
    served = await serveShop()
    env = served.place.env
    await served.app.store.append(cart('1'), [event('opened', 1), event('filled', 2)], {
      expectedVersion: 'any',
    })
    await served.app.store
      .append(cart('\u001b[31m'), [event('opened', 3)], { expectedVersion: 'any' })
      .catch(() => undefined)
  })
  afterAll(() => served[Symbol.asyncDispose]())

  const json = async <Answer>(argv: readonly string[]): Promise<Answer> => {
    const { stdout, stderr } = await millrace([...argv, '--json'], env)
    expect(stderr).toBe('')
    return JSON.parse(stdout) as Answer
  }

  test('status asks the server and is ok', async () => {
    const { code, stdout, stderr } = await eventually(
      () => millrace(['status'], env),
      (outcome) => outcome.code === 0,
    )
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain('shop: ok\n')
    expect(stdout).toContain(`running as process ${process.pid}`)
    expect(stdout).toMatch(/PROCESSOR +STATE +BEHIND/)
    expect(await json(['status'])).toMatchObject({ mode: 'run', instance: served.app.instance })
  })

  test('options may stand before the command too', async () => {
    const { stdout } = await millrace(['--json', '--data', served.place.dataDir, 'status'])
    expect(JSON.parse(stdout)).toMatchObject({ app: 'shop' })
  })

  test('--url asks that server whatever lies here', async () => {
    const { stdout } = await millrace(['status', '--json', '--url', served.running.url])
    expect(JSON.parse(stdout)).toMatchObject({ instance: served.app.instance })
  })

  test('secrets are shown when asked for, from this machine only', async () => {
    const { stdout } = await millrace(['status', '--show-secret'], env)
    expect(stdout).toContain(served.app.secret('webhookSecret'))
    expect((await millrace(['status'], env)).stdout).not.toContain(served.app.secret('webhookSecret'))
    const shown = await json<{ secrets: object[] }>(['status', '--show-secret'])
    expect(shown.secrets).toEqual([
      { name: 'webhookSecret', value: served.app.secret('webhookSecret'), source: 'the data folder' },
    ])
    expect((await millrace(['status', '--show-secret', '--url', served.running.url])).code).toBe(2)
  })

  test('streams are listed and shown', async () => {
    const list = await millrace(['streams', 'list'], env)
    expect(list.code).toBe(0)
    expect(list.stdout).toMatch(/STREAM +VERSION +UPDATED/)
    expect(
      await json(['streams', 'list', '--category', 'cart', '--limit', '1', '--tombstoned']),
    ).toMatchObject({
      streams: [{ id: expect.stringMatching(/^cart-/) as unknown }],
    })
    const show = await millrace(['streams', 'show', 'cart-1'], env)
    expect(show.stdout).toMatch(/VERSION +TYPE +OCCURRED +DATA\n +1 +opened/)
    expect(
      await json(['streams', 'show', 'cart-1', '--from', '2', '--to', '2', '--backwards']),
    ).toMatchObject({
      events: [{ version: 2 }],
      next: null,
    })
  })

  test('a page that is not the last says how to go on', async () => {
    const { stdout, stderr } = await millrace(['streams', 'show', 'cart-1', '--limit', '1'], env)
    expect(stdout).not.toContain('cursor')
    const [, cursor = ''] = /more with --cursor (\S+)/.exec(stderr) ?? []
    const rest = await json<{ events: { version: number }[] }>([
      'streams',
      'show',
      'cart-1',
      '--cursor',
      cursor,
    ])
    expect(rest.events.map(({ version }) => version)).toEqual([2])
  })

  test('what does not exist is exit code 5', async () => {
    for (const argv of [
      ['streams', 'show', 'cart-none'],
      ['processors', 'pause', 'none'],
      ['processors', 'resume', 'none'],
      ['dlq', 'show', 'none'],
      ['dlq', 'retry', 'none'],
      ['dlq', 'remove', 'none'],
      ['dlq', 'retry', 'none', '--dry-run'],
    ])
      expect([argv, (await millrace(argv, env)).code]).toEqual([argv, 5])
  })

  test('a value that breaks a rule is exit code 4, and standard output stays empty', async () => {
    for (const argv of [
      ['streams', 'show', 'nonsense'],
      ['streams', 'list', '--limit', 'many'],
      ['streams', 'list', '--limit', '5000'],
      ['streams', 'list', '--cursor', 'invented'],
      ['streams', 'show', 'cart-1', '--from', '0'],
      ['events', 'tail', '--last', '5000'],
      ['events', 'tail', '--after', 'nowhere'],
      ['dlq', 'list', '--kind', 'lost'],
      ['dlq', 'retry', 'x', '--wait', '1.5'],
    ]) {
      const { code, stdout, stderr } = await millrace([...argv, '--json'], env)
      expect([argv, code, stdout]).toEqual([argv, 4, ''])
      expect(stderr).toMatch(/^error: .+\n$/)
    }
  })

  test('a tail shows the newest, then follows until it is interrupted', async () => {
    const { io, stdout, interrupt } = surroundings(env)
    const running = run(
      [
        'events',
        'tail',
        '--json',
        '--last',
        '2',
        '--type',
        'opened',
        '--type',
        'filled',
        '--category',
        'cart',
      ],
      io,
    )
    await eventually(
      () => stdout.text,
      (text) => text.split('\n').length === 3,
    )
    await served.app.store.append(cart('5'), [event('opened', 50)], { expectedVersion: 'any' })
    await eventually(
      () => stdout.text,
      (text) => text.includes('"n":50'),
    )
    interrupt()
    expect(await running).toBe(0)
    const lines = stdout.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string })
    expect(lines).toHaveLength(3)
  })

  test('a tail for people has one line for each event', async () => {
    const { code, stdout } = await millrace(['events', 'tail', '--no-follow', '--last', '1'], env)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^\S+Z {2}cart-\S+@\d+ {2}\w+ {2}\{.*\}\n$/)
  })

  test('a tail goes on after a position', async () => {
    const { events } = await served.management.searchEvents({ limit: 1 })
    const { io, stdout, interrupt } = surroundings(env)
    const running = run(['events', 'tail', '--json', '--after', events[0]?.position ?? ''], io)
    await eventually(
      () => stdout.text,
      (text) => text.includes('"n":2'),
    )
    interrupt()
    expect(await running).toBe(0)
    expect(stdout.text).not.toContain('"n":1}')
  })

  test('processors are listed, paused and resumed', async () => {
    expect((await millrace(['processors', 'list'], env)).stdout).toMatch(/counts +running/)
    expect((await millrace(['processors', 'pause', 'counts'], env)).stdout).toBe('counts paused\n')
    const degraded = await millrace(['status'], env)
    expect([degraded.code, degraded.stdout]).toEqual([
      1,
      expect.stringContaining('processor counts is paused'),
    ])
    expect(await json(['processors', 'resume', 'counts'])).toEqual({ name: 'counts', paused: false })
    expect(await json(['processors', 'list'])).toMatchObject({
      processors: expect.arrayContaining([expect.objectContaining({ name: 'counts' })]) as unknown,
    })
  })

  test('dead letters are listed, shown, retried and removed', async () => {
    expect((await millrace(['dlq', 'list'], env)).stdout).toBe('no dead letters\n')
    expect((await millrace(['dlq', 'retry', '--all'], env)).stdout).toBe('no dead letters\n')
    expect((await millrace(['dlq', 'retry', '--all', '--dry-run'], env)).stdout).toBe('nothing to retry\n')
    served.shop.failing.on = true
    await served.app.store.append(cart('6'), [event('ordered', 1), event('ordered', 2), event('poison', 3)], {
      expectedVersion: 'any',
    })
    const { deadLetters } = await eventually(
      () => json<{ deadLetters: { id: string; kind: string }[] }>(['dlq', 'list']),
      (page) => page.deadLetters.length === 3,
    )
    const ids = deadLetters.filter(({ kind }) => kind === 'delivery').map(({ id }) => id)
    const parked = deadLetters.find(({ kind }) => kind === 'parked')?.id ?? ''
    expect((await millrace(['dlq', 'list', '--limit', '1'], env)).stderr).toContain('--cursor')

    const shown = await millrace(['dlq', 'show', ids[0] ?? ''], env)
    expect(shown.stdout).toMatch(/ATTEMPT +STARTED[^\n]*\n +1/)
    expect((await millrace(['dlq', 'show', parked], env)).stdout).toContain('cannot be handled')

    const rehearsed = await json<{ retry: string[] }>([
      'dlq',
      'retry',
      '--processor',
      'orders',
      '--kind',
      'delivery',
      '--dry-run',
    ])
    expect(rehearsed).toEqual({ dryRun: true, retry: ids })
    expect((await millrace(['dlq', 'remove', '--all', '--dry-run'], env)).stdout).toContain('would remove 3')

    const failed = await millrace(['dlq', 'retry', ids[0] ?? '', '--wait', '10'], env)
    expect([failed.code, failed.stdout]).toEqual([1, expect.stringContaining('failed')])
    expect((await millrace(['dlq', 'show', ids[0] ?? ''], env)).stdout).toContain('retry by cli:ann')

    served.shop.failing.on = false
    const retried = await millrace(['dlq', 'retry', '--kind', 'delivery', '--json'], env)
    expect(retried.code).toBe(0)
    expect(JSON.parse(retried.stdout)).toMatchObject({
      results: [{ outcome: 'delivered' }, { outcome: 'delivered' }],
    })
    expect(new Set(served.shop.delivered)).toEqual(new Set(ids))
    expect(await json(['dlq', 'remove', parked])).toEqual({
      results: [{ id: parked, outcome: 'removed', reason: null }],
    })
    expect(await json(['dlq', 'list'])).toEqual({ deadLetters: [], next: null })
  })

  test('the management over HTTP gives what the one in process gives', async () => {
    const remote = createHttpManagement({ url: served.running.url, token: undefined })
    const local = createManagement(served.app)
    expect(await remote.head()).toBe(await local.head())
    const wanted = { types: ['opened'], limit: 2 }
    const [far, near] = [await remote.searchEvents(wanted), await local.searchEvents(wanted)]
    // Cursors hold when they expire.
    expect({ ...far, next: undefined }).toEqual({ ...near, next: undefined })
    expect(far.next === null).toBe(near.next === null)
    expect(await remote.deliveries()).toEqual(await local.deliveries())
    const [delivery] = (await remote.deliveries()).deliveries
    expect(await remote.delivery(delivery?.id ?? '')).toEqual(delivery)
    expect(await remote.delivery('none')).toBeUndefined()
  })
})

test('a token is taken from the option, the environment or the data folder', async () => {
  await using served = await serveShop({ token: 'correct-horse' })
  const at = ['status', '--url', served.running.url]
  expect((await millrace(at)).code).toBe(1)
  expect((await millrace([...at, '--token', 'wrong'])).stderr).toContain('Authorization')
  expect((await millrace([...at, '--token', 'correct-horse', '--json'])).stdout).toContain('"app": "shop"')
  expect((await millrace([...at, '--json'], { MILLRACE_TOKEN: 'correct-horse' })).stdout).toContain(
    '"app": "shop"',
  )
})

test('a server that closes during a tail is a connection error', async () => {
  const served = await serveShop()
  const { io, stdout, stderr } = surroundings(served.place.env)
  const tail = run(['events', 'tail', '--json', '--last', '0'], io)
  await eventually(
    async () => {
      await served.app.store.append(cart('1'), [event('opened', 1)], { expectedVersion: 'any' })
      return stdout.text
    },
    (text) => text !== '',
  )
  await served[Symbol.asyncDispose]()
  expect(await tail).toBe(3)
  expect(stderr.text).toContain('cannot be reached')
})

test('a tail goes on by itself after its connection broke', async () => {
  await using served = await serveShop()
  let server = createServer(served.app)
  await using extra = await serve({ fetch: (request) => server.fetch(request) }, { port: 0 })
  const { io, stdout, interrupt } = surroundings()
  const tail = run(['events', 'tail', '--json', '--last', '0', '--url', extra.url], io)
  const appendUntilSeen = (n: number): Promise<string> =>
    eventually(
      async () => {
        await served.app.store.append(cart('1'), [event('opened', n)], { expectedVersion: 'any' })
        return stdout.text
      },
      (text) => text.includes(`"n":${n}`),
    )
  await appendUntilSeen(1)
  const former = server
  server = createServer(served.app)
  former[Symbol.dispose]()
  await appendUntilSeen(2)
  interrupt()
  expect(await tail).toBe(0)
  server[Symbol.dispose]()
  const versions = stdout.text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { version: number }).version)
  expect(versions).toEqual(versions.map((_, index) => (versions[0] ?? 0) + index))
})

test('a position of another log is refused in a tail', async () => {
  await using served = await serveShop()
  const { code, stderr } = await millrace(['events', 'tail', '--after', 'another:1:0'], served.place.env)
  expect([code, stderr]).toEqual([1, expect.stringContaining('generation')])
})

test('something else on the port is no Millrace server', async () => {
  await using running = await serve({ fetch: () => new Response('<html>') }, { port: 0 })
  const { code, stderr } = await millrace(['status', '--url', running.url])
  expect([code, stderr]).toEqual([3, expect.stringContaining('is it a Millrace server?')])
  await using refusing = await serve({ fetch: () => new Response('no', { status: 418 }) }, { port: 0 })
  expect((await millrace(['status', '--url', refusing.url])).code).toBe(1)
})

test('secrets that the server took from its environment are not guessed', async () => {
  await using served = await serveShop()
  const { readFileSync, writeFileSync } = await import('node:fs')
  const file = `${served.place.dataDir}/server.json`
  const content = JSON.parse(readFileSync(file, 'utf8')) as object
  writeFileSync(file, JSON.stringify({ ...content, secretsFromEnvironment: ['webhookSecret'] }))
  const { stdout } = await millrace(['status', '--show-secret'], served.place.env)
  expect(stdout).toContain('set by MILLRACE_WEBHOOK_SECRET of process')
  const known = await millrace(['status', '--show-secret'], {
    ...served.place.env,
    MILLRACE_WEBHOOK_SECRET: 'from outside',
  })
  expect(known.stdout).toContain('from outside')
})
