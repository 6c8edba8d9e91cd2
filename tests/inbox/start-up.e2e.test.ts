import { mkdir, writeFile, readFile, readdir, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import { expect, test, vi } from 'vitest'

import { emptyStoreFolder, temporaryFolder } from './support/data-folder.ts'
import { getJson } from './support/inbox-api.ts'
import { InboxProcess, startReady } from './support/inbox-process.ts'
import type { StartOptions } from './support/inbox-process.ts'

// Each test starts an inbox or two, and a start takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 })

const off = { MILLRACE_SAMPLES: 'off' }

/** What an inbox that cannot start says; it must say it without a stack trace and end with an error. */
async function refusalOf(options: StartOptions): Promise<string> {
  await using inbox = new InboxProcess(options)
  expect(await inbox.ready()).toBeUndefined()
  expect((await inbox.exited()).code).toBeGreaterThan(0)
  expect(inbox.stderr).not.toMatch(/\n\s+at /)
  return inbox.stderr
}

test('a taken port is named, with the way to change it', async () => {
  await using folder = await emptyStoreFolder()
  const holder = createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
  const { port } = holder.address() as AddressInfo
  try {
    const said = await refusalOf({ dataDir: folder.path, env: { ...off, PORT: String(port) } })
    expect(said).toContain(`port ${port}`)
    expect(said).toContain('PORT')
  } finally {
    holder.close()
  }
})

test('a second inbox on one data folder is refused, naming folder and process', async () => {
  await using folder = await emptyStoreFolder()
  await using first = await startReady({ dataDir: folder.path, env: off })
  const said = await refusalOf({ dataDir: folder.path, env: off })
  expect(said).toContain(folder.path)
  expect(said).toContain(String(first.pid))
})

test('a damaged data folder is named and never replaced by an empty store', async () => {
  await using folder = await emptyStoreFolder()
  {
    await using first = await startReady({ dataDir: folder.path, env: off })
    await first.stop()
  }
  const control = (await filesBelow(folder.path)).find((file) => file.endsWith('pg_control')) ?? ''
  await writeFile(control, 'damaged')
  const said = await refusalOf({ dataDir: folder.path, env: off })
  expect(said).toContain(folder.path)
  expect(await readFile(control, 'utf8')).toBe('damaged')
})

test('a folder that holds something else is not taken for a new one', async () => {
  await using folder = await temporaryFolder()
  await mkdir(join(folder.path, 'database'), { recursive: true })
  await writeFile(join(folder.path, 'database', 'holiday.txt'), 'photos')
  expect(await refusalOf({ dataDir: folder.path, env: off })).toContain(folder.path)
})

async function filesBelow(path: string): Promise<readonly string[]> {
  return (await readdir(path, { recursive: true })).map((name) => join(path, name))
}

test('a bind beyond loopback needs a token', async () => {
  await using folder = await emptyStoreFolder()
  const open = { ...off, MILLRACE_HOST: '0.0.0.0' }
  expect(await refusalOf({ dataDir: folder.path, env: open })).toContain('MILLRACE_TOKEN')
  await using inbox = await startReady({
    dataDir: folder.path,
    env: { ...open, MILLRACE_TOKEN: 'token-for-tests' },
  })
  const url = new URL('/api/streams', inbox.url)
  expect((await fetch(url)).status).toBe(401)
  expect((await fetch(url, { headers: { authorization: 'Bearer wrong' } })).status).toBe(401)
  expect((await fetch(url, { headers: { authorization: 'Bearer token-for-tests' } })).status).toBe(200)
})

test('further hosts are served by name', async () => {
  await using folder = await emptyStoreFolder()
  await using inbox = await startReady({
    dataDir: folder.path,
    env: { ...off, MILLRACE_HOSTS: 'inbox.example' },
  })
  const { port } = new URL(inbox.url)
  const { request } = await import('node:http')
  const status = await new Promise((resolve) => {
    request(
      { port, host: '127.0.0.1', path: '/api/streams', headers: { host: 'inbox.example' } },
      (response) => {
        response.resume()
        resolve(response.statusCode)
      },
    ).end()
  })
  expect(status).toBe(200)
})

test("without a secret one is made at the first start, for the owner's eyes only, and kept", async () => {
  await using folder = await emptyStoreFolder()
  const env = { ...off, MILLRACE_WEBHOOK_SECRET: '' }
  const secrets: string[] = []
  for (let start = 0; start < 2; start++) {
    await using inbox = await startReady({ dataDir: folder.path, env })
    const file = join(folder.path, 'secrets.json')
    secrets.push(await readFile(file, 'utf8'))
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(inbox.stdout + inbox.stderr).not.toContain(
      (JSON.parse(secrets[0] ?? '') as { secrets: { webhookSecret: string } }).secrets.webhookSecret,
    )
    await inbox.stop()
  }
  expect(secrets[0]).toBe(secrets[1])
})

test('a bad setting is refused by name', async () => {
  await using folder = await emptyStoreFolder()
  const bad: readonly Readonly<Record<string, string>>[] = [
    { PORT: 'many' },
    { MILLRACE_SAMPLES: '/no/such/folder' },
    { MILLRACE_MAX_BODY_BYTES: '0' },
    { MILLRACE_HOSTS: 'http://x' },
  ]
  for (const env of bad) {
    const [name = ''] = Object.keys(env)
    expect(await refusalOf({ dataDir: folder.path, env: { ...off, ...env } })).toContain(name)
  }
})

test('a second signal ends it at once', async () => {
  await using folder = await emptyStoreFolder()
  await using inbox = await startReady({ dataDir: folder.path, env: off })
  expect(await getJson(inbox.url, '/healthz')).toMatchObject({ status: 'ok' })
  void inbox.stop('SIGINT')
  const exit = await inbox.stop('SIGINT')
  // The first may have been enough by the time the second comes.
  expect([0, 130]).toContain(exit.code)
})
