import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

import { createManagement, openApp } from '@millrace/app'
import type { App } from '@millrace/app'
import { run } from '@millrace/cli'
import { createStreamId, decodeEvents } from '@millrace/contracts'
import { createServer } from '@millrace/server'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { cartApp } from './support/cart-app.ts'
import { mending, old } from './support/cart.ts'

const cart = createStreamId('cart', '1')
const config = fileURLToPath(new URL('fixtures/millrace.config.ts', import.meta.url))
let dataDir = ''

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'upcasting-'))
  await using app = await openApp(cartApp, { env: { MILLRACE_DATA: dataDir } })
  const recorded = [
    old('ItemAdded', { article: 'a' }),
    old('Bought', { skus: ['b'] }),
    old('Abandoned'),
    old('Broken'),
    old('Viewed'),
  ]
  await app.store.append(cart, recorded, { expectedVersion: 'no-stream' })
})
afterAll(() => rm(dataDir, { recursive: true, force: true }))
beforeEach(() => {
  mending.done = false
})

async function open(env: Readonly<Record<string, string>> = {}): Promise<App> {
  return await openApp(cartApp, { env: { MILLRACE_DATA: dataDir, ...env } })
}

async function typesRead(app: App): Promise<readonly string[]> {
  const types: string[] = []
  for await (const { type } of decodeEvents(app.store.read(cart), app.decode)) types.push(type)
  return types
}

describe('an event that cannot be lifted', () => {
  test('fails a reader of the app, as long as nothing else is asked for', async () => {
    await using app = await open()
    await expect(typesRead(app)).rejects.toMatchObject({ code: 'ERR_UPCASTER_FAILED', eventType: 'Broken' })
    expect(await createManagement(app).status()).toMatchObject({ skippedEvents: 0 })
  })

  test('is left out and counted with upcaster.skip_on_error', async () => {
    await using app = await open({ MILLRACE_UPCASTER_SKIP_ON_ERROR: 'true' })
    expect(await typesRead(app)).toEqual(['ItemAdded', 'ItemAdded', 'Closed', 'Closed'])
    expect(await createManagement(app).status()).toMatchObject({ skippedEvents: 1 })
  })
})

describe('people see events', () => {
  test('as they are read, by type too, and raw where they ask for it', async () => {
    await using app = await open()
    const management = createManagement(app)
    const shown = async (query: Parameters<typeof management.searchEvents>[0]) =>
      (await management.searchEvents(query)).events.map(
        ({ version, type, schemaVersion, part, problem }) =>
          `${version}${part === undefined ? '' : `#${part.index}/${part.count}`} ${type}@${schemaVersion}${problem === undefined ? '' : ' !'}`,
      )
    const all = [
      '1 ItemAdded@3',
      '2#0/2 ItemAdded@3',
      '2#1/2 Closed@1',
      '3 Closed@1',
      '4 Broken@1 !',
      '5 Viewed@1 !',
    ]
    expect(await shown({})).toEqual(all)
    expect(await shown({ direction: 'backwards' })).toEqual(all.toReversed())
    expect(await shown({ types: ['Closed'] })).toEqual(['2#1/2 Closed@1', '3 Closed@1', '4 Broken@1 !'])
    expect(await shown({ raw: true, types: ['Bought', 'Broken'] })).toEqual(['2 Bought@1', '4 Broken@1'])
    await expect(shown({ types: ['Abandoned'] })).rejects.toMatchObject({
      code: 'ERR_INVALID_VALUE',
      field: 'type',
    })
    const stream = await management.readStream(cart, { raw: true, limit: 1 })
    expect(stream?.events).toMatchObject([{ type: 'ItemAdded', schemaVersion: 1, data: { article: 'a' } }])
  })

  test('over HTTP the same', async () => {
    await using app = await open()
    const server = createServer(app)
    const get = async (path: string): Promise<unknown> =>
      await (await server.fetch(new Request(`http://127.0.0.1${path}`))).json()
    expect(await get('/api/streams/cart-1/events?raw=true&limit=1')).toMatchObject({
      events: [{ schemaVersion: 1, data: { article: 'a' } }],
    })
    expect(await get('/api/events?type=Closed&limit=1')).toMatchObject({
      events: [{ id: expect.stringMatching(/#1$/) as unknown, part: { index: 1, count: 2 } }],
    })
    expect(await get('/api/events?raw=maybe')).toMatchObject({ error: { code: 'ERR_INVALID_VALUE' } })
  })

  test('on the command line the same', async () => {
    const lines = async (...argv: string[]): Promise<readonly string[]> => {
      let text = ''
      const stdout = Object.assign(
        new Writable({ write: (chunk: Buffer, _, done) => ((text += chunk.toString()), done()) }),
        { isTTY: false },
      )
      const stderr = Object.assign(new Writable({ write: (_chunk, _, done) => done() }), { isTTY: false })
      const { signal } = new AbortController()
      const io = {
        stdout,
        stderr,
        env: { MILLRACE_DATA: dataDir },
        cwd: '/',
        user: 'cli:ann',
        interrupted: () => signal,
      }
      expect(await run([...argv, '--config', config], io)).toBe(0)
      return text.trimEnd().split('\n')
    }
    const read = await lines('streams', 'show', 'cart-1')
    expect(read[2]).toMatch(/^\s*2#0 +ItemAdded .*"quantity":1/)
    expect(read[5]).toMatch(/^\s*4 +Broken .*! /)
    const raw = await lines('streams', 'show', 'cart-1', '--raw')
    expect(raw).toHaveLength(6)
    expect(raw[1]).toMatch(/^\s*1 +ItemAdded v1 .*"article":"a"/)
    const tail = await lines('events', 'tail', '--no-follow', '--type', 'Closed')
    expect(tail.map((line) => line.split('  ').slice(1, 3).join(' '))).toEqual([
      'cart-1@2#1 Closed',
      'cart-1@3 Closed',
      'cart-1@4 Broken',
    ])
    expect(await lines('events', 'tail', '--no-follow', '--raw', '--type', 'Bought')).toEqual([
      expect.stringContaining('cart-1@2  Bought v1'),
    ])
  })
})
