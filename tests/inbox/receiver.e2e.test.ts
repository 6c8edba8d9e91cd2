import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { expect, test, vi } from 'vitest'

import { emptyStoreFolder } from './support/data-folder.ts'
import { bugLabelled, deliver, eventually, getJson, listAll, send } from './support/inbox-api.ts'
import type { DeliveryView, Received } from './support/inbox-api.ts'
import { rootFolder, startReady } from './support/inbox-process.ts'

// Each test starts an inbox or two, and a start takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 })

const env = { MILLRACE_SAMPLES: 'off' }
const run = promisify(execFile)

async function deliveries(url: string): Promise<readonly DeliveryView[]> {
  return listAll(url, '/api/deliveries', 'deliveries')
}

async function received(url: string): Promise<readonly Received[]> {
  return (await getJson<{ received: readonly Received[] }>(url, '/receiver')).received
}

async function deadLetters(url: string): Promise<readonly { readonly id: string }[]> {
  return listAll(url, '/api/dead-letters', 'deadLetters')
}

/** The command line as an operator would call it, against the running inbox. */
async function millrace(dataDir: string, ...args: readonly string[]): Promise<string> {
  const main = join(rootFolder, 'packages/cli/src/main.ts')
  const { stdout } = await run(process.execPath, ['--conditions=@millrace/source', main, ...args], {
    cwd: rootFolder,
    env: { PATH: process.env['PATH'], MILLRACE_DATA: dataDir },
  })
  return stdout
}

test('what a receiver refuses for ten seconds is delivered late, under one key', async () => {
  await using folder = await emptyStoreFolder()
  await using inbox = await startReady({ dataDir: folder.path, env })
  expect((await send(inbox.url, 'PUT', '/receiver/mode', { mode: 'fail', forMs: 10_000 })).status).toBe(200)
  for (const issue of [1, 2, 3]) await deliver(inbox.url, 'issues', `bug-${issue}`, bugLabelled(issue))
  const failing = await eventually(
    () => deliveries(inbox.url),
    (all) => all.length === 3 && all.every(({ state }) => state === 'retrying'),
  )
  expect(failing[0]?.attempts[0]).toMatchObject({ outcome: 'failed', statusCode: 503 })
  expect(await received(inbox.url)).toEqual([])
  const done = await eventually(
    () => deliveries(inbox.url),
    (all) => all.every(({ state }) => state === 'delivered'),
    25_000,
  )
  for (const { attempts } of done) {
    expect(attempts.length).toBeGreaterThanOrEqual(5)
    expect(attempts.length).toBeLessThanOrEqual(9)
    expect(attempts.at(-1)).toMatchObject({ outcome: 'delivered', statusCode: 200 })
  }
  const arrived = await received(inbox.url)
  expect(arrived.map(({ id, times }) => `${id} ${times}`).toSorted()).toEqual(
    done.map(({ id }) => `${id} 1`).toSorted(),
  )
})

test('what fails for good is in the dead letters, and a retry delivers that one only', async () => {
  await using folder = await emptyStoreFolder()
  await using inbox = await startReady({ dataDir: folder.path, env })
  await send(inbox.url, 'PUT', '/receiver/mode', { mode: 'fail' })
  for (const issue of [1, 2, 3]) await deliver(inbox.url, 'issues', `bug-${issue}`, bugLabelled(issue))
  const dead = await eventually(
    () => deadLetters(inbox.url),
    (all) => all.length === 3,
    40_000,
  )
  expect((await deliveries(inbox.url)).map(({ state, attempts }) => `${state} ${attempts.length}`)).toEqual([
    'dead 10',
    'dead 10',
    'dead 10',
  ])
  const [first, second, third] = dead.map(({ id }) => id)
  const listed = JSON.parse(await millrace(folder.path, 'dlq', 'list', '--json')) as {
    deadLetters: readonly { id: string }[]
  }
  expect(listed.deadLetters.map(({ id }) => id)).toEqual([first, second, third])

  // Still failing: tried once more, and set aside again.
  const failed = await send(inbox.url, 'POST', `/api/dead-letters/${encodeURIComponent(first ?? '')}/retry`)
  expect(await failed.json()).toMatchObject({ outcome: 'failed', attempts: 11 })
  expect(await deadLetters(inbox.url)).toHaveLength(3)

  await send(inbox.url, 'PUT', '/receiver/mode', { mode: 'ok' })
  const retried = await send(inbox.url, 'POST', `/api/dead-letters/${encodeURIComponent(first ?? '')}/retry`)
  expect(await retried.json()).toMatchObject({ outcome: 'delivered' })
  expect((await received(inbox.url)).map(({ id }) => id)).toEqual([first])

  await millrace(folder.path, 'dlq', 'retry', second ?? '')
  expect((await received(inbox.url)).map(({ id }) => id).toSorted()).toEqual(
    [first, second].map(String).toSorted(),
  )
  expect((await deadLetters(inbox.url)).map(({ id }) => id)).toEqual([third])
})

test('a delivery whose receiver was down when the inbox was killed is delivered after the restart', async () => {
  await using folder = await emptyStoreFolder()
  {
    await using inbox = await startReady({ dataDir: folder.path, env })
    await send(inbox.url, 'PUT', '/receiver/mode', { mode: 'fail' })
    await deliver(inbox.url, 'issues', 'bug-1', bugLabelled(1))
    await eventually(
      () => deliveries(inbox.url),
      (all) => (all[0]?.attempts.length ?? 0) > 0,
    )
  }
  await using again = await startReady({ dataDir: folder.path, env })
  const [delivery] = await eventually(
    () => deliveries(again.url),
    (all) => all[0]?.state === 'delivered',
    30_000,
  )
  expect((await received(again.url)).map(({ id }) => id)).toEqual([delivery?.id])
})
