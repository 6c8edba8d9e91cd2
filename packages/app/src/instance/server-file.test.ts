import { existsSync, mkdtempDisposableSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { announceServer, findServer } from './server-file.ts'
import type { ServerFile } from './server-file.ts'

const newFolder = (): ReturnType<typeof mkdtempDisposableSync> =>
  mkdtempDisposableSync(join(tmpdir(), 'millrace-server-'))

/** Answers every request with one body. */
async function answering(body: string): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((_request, response) => response.end(body))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

const file = (url: string, change: Partial<ServerFile> = {}): ServerFile => ({
  url,
  pid: process.pid,
  startedAt: '2026-01-01T00:00:00.000Z',
  instance: 'me',
  secretsFromEnvironment: [],
  ...change,
})

test('a server that answers for itself is found until it takes the file back', async () => {
  using folder = newFolder()
  const dataDir = join(folder.path, 'data')
  await using server = await answering('{"instance":"me"}')
  const announced = file(server.url)
  const announcement = announceServer(dataDir, announced)
  expect(await findServer(dataDir)).toEqual(announced)
  announcement[Symbol.dispose]()
  expect(await findServer(dataDir)).toBeUndefined()
  expect(existsSync(join(dataDir, 'server.json'))).toBe(false)
})

test('a file of a process that is gone names no server', async () => {
  using folder = newFolder()
  await using server = await answering('{"instance":"me"}')
  // The largest pid of Linux is below this.
  announceServer(folder.path, file(server.url, { pid: 2 ** 30 }))
  expect(await findServer(folder.path)).toBeUndefined()
})

test.each(['{"instance":"another run"}', '{}', 'not json'])(
  'somebody else on the port is no server of ours: %s',
  async (body) => {
    using folder = newFolder()
    await using server = await answering(body)
    announceServer(folder.path, file(server.url))
    expect(await findServer(folder.path)).toBeUndefined()
  },
)

test('an address nobody answers is no server', async () => {
  using folder = newFolder()
  const server = await answering('')
  await server[Symbol.asyncDispose]()
  announceServer(folder.path, file(server.url))
  expect(await findServer(folder.path)).toBeUndefined()
})

test('a damaged file names no server', async () => {
  using folder = newFolder()
  writeFileSync(join(folder.path, 'server.json'), '{"url":7}')
  expect(await findServer(folder.path)).toBeUndefined()
})

test('a run does not remove the file of its successor', () => {
  using folder = newFolder()
  const first = announceServer(folder.path, file('http://127.0.0.1:1'))
  announceServer(folder.path, file('http://127.0.0.1:2', { instance: 'successor' }))
  first[Symbol.dispose]()
  expect(existsSync(join(folder.path, 'server.json'))).toBe(true)
})

test('only the owner learns which run serves the folder', () => {
  using folder = newFolder()
  const dataDir = join(folder.path, 'new')
  announceServer(dataDir, file('http://127.0.0.1:1'))
  expect(statSync(join(dataDir, 'server.json')).mode & 0o777).toBe(0o600)
  expect(statSync(dataDir).mode & 0o777).toBe(0o700)
})
