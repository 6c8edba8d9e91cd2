import { openPg } from '@millrace/postgres'
import { expect, test, vi } from 'vitest'

import { temporaryFolder } from './support/data-folder.ts'
import { bugLabelled, deliver, eventually, getJson } from './support/inbox-api.ts'
import type { Received } from './support/inbox-api.ts'
import { InboxProcess, startReady } from './support/inbox-process.ts'
import { serverPlace } from './support/server-place.ts'
import { sampleCount, verifyInbox } from './support/verify.ts'

// Each test starts an inbox or two, and a start takes its time on a busy machine.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

interface Storage {
  readonly kind: string
  readonly place: string
  readonly state: { readonly kind: string; readonly place: string }
  readonly jetstream: { readonly messages: number; readonly lastSequence: number } | null
}

async function storageOf(url: string): Promise<Storage> {
  return (await getJson<{ readonly storage: Storage }>(url, '/api/status')).storage
}

/** Makes the next start send the samples again. */
async function forgetSamples(databaseUrl: string): Promise<void> {
  await using database = await openPg({ url: databaseUrl, poolSize: 1 })
  await database.script('delete from inbox_samples')
}

test('by configuration alone events are on JetStream and state in Postgres; a second start doubles nothing', async () => {
  await using place = await serverPlace()
  await using folder = await temporaryFolder()
  const { env } = place
  let messages = 0
  {
    await using first = await startReady({ dataDir: folder.path, env })
    expect(await verifyInbox(first.url)).toMatchObject({ problems: [], repeats: 0 })
    const storage = await storageOf(first.url)
    expect(storage).toMatchObject({
      kind: 'jetstream',
      place: `${new URL(env.NATS_URL).host}/${env.NATS_STREAM}`,
      state: { kind: 'postgres', place: expect.stringContaining(env.NATS_STREAM) as unknown },
    })
    // Each delivery is its event and the pointer that its id is known by.
    messages = storage.jetstream?.messages ?? 0
    expect(messages).toBe(2 * sampleCount)
    expect(await first.stop('SIGTERM')).toEqual({ code: 0, signal: null })
  }
  await forgetSamples(env.DATABASE_URL)
  await using second = await startReady({ dataDir: folder.path, env })
  expect(second.stderr).toContain(`samples 100 % (${sampleCount} of ${sampleCount})`)
  expect(await verifyInbox(second.url)).toMatchObject({ problems: [], repeats: 0 })
  expect((await storageOf(second.url)).jetstream?.messages).toBe(messages)

  const bug = bugLabelled(7)
  const stored = await deliver(second.url, 'issues', 'jetstream-bug', bug)
  expect([stored.status, await stored.json()]).toMatchObject([202, { replayed: false }])
  const again = await deliver(second.url, 'issues', 'jetstream-bug', bug)
  expect([again.status, await again.json()]).toMatchObject([200, { replayed: true }])
  const six = await eventually(
    () => getJson<{ readonly received: readonly Received[] }>(second.url, '/receiver'),
    ({ received }) => received.length === 6,
  )
  expect(six.received.map(({ times }) => times)).toEqual([1, 1, 1, 1, 1, 1])
})

test('a start on JetStream that is killed is made good by the next one', async () => {
  await using place = await serverPlace()
  await using folder = await temporaryFolder()
  const { env } = place
  {
    await using first = new InboxProcess({ dataDir: folder.path, env })
    await eventually(
      async () => await Promise.resolve(first.stderr),
      (said) => said.includes('samples 30 %'),
      90_000,
    )
    expect(await first.stop('SIGKILL')).toMatchObject({ signal: 'SIGKILL' })
    expect(first.stdout).toBe('')
  }
  await using second = await startReady({ dataDir: folder.path, env })
  expect((await verifyInbox(second.url)).problems).toEqual([])
})

test.each([
  ['NATS_URL: must be', { NATS_URL: 'localhost' }],
  ['NATS_STREAM: must be', { NATS_STREAM: 'my.inbox' }],
  ['no NATS server can be reached at nats://127.0.0.1:1', { NATS_URL: 'nats://ann:hunter22@127.0.0.1:1' }],
])('an inbox that cannot have its stream ends and says why: %s', async (reason, wrong) => {
  await using place = await serverPlace()
  await using folder = await temporaryFolder()
  await using inbox = new InboxProcess({ dataDir: folder.path, env: { ...place.env, ...wrong } })
  expect(await inbox.exited()).toEqual({ code: 1, signal: null })
  expect(inbox.stderr).toContain(`inbox: ${reason}`)
  expect(inbox.stderr).not.toContain('hunter22')
})
