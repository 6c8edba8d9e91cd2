import { createSecretKey, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ConfigurationError, DataFolderLockedError } from '@millrace/contracts'
import { Webhook } from 'standardwebhooks'
import { expect, test, vi } from 'vitest'

import { eventually, startInbox, testSecret } from '../start-for-test.ts'
import { signGithub } from './intake/signature.ts'

// Each test creates a database or two, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000 })

const key = createSecretKey(Buffer.from(testSecret))
const repository = { full_name: 'octo-org/tests' }
const sender = { login: 'octocat' }

function bug(number: number): object {
  return {
    action: 'labeled',
    label: { name: 'bug' },
    issue: { number, title: 'It leaks', state: 'open' },
    repository,
    sender,
  }
}

async function hook(
  url: string,
  id: string,
  payload: object,
  headers: Record<string, string> = {},
): Promise<Response> {
  const body = JSON.stringify(payload)
  return fetch(`${url}/webhooks/github`, {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'issues',
      'x-github-delivery': id,
      'x-hub-signature-256': signGithub(key, Buffer.from(body)),
      ...headers,
    },
  })
}

async function get<Answer>(url: string): Promise<Answer> {
  return (await (await fetch(url)).json()) as Answer
}

interface Received {
  readonly mode: string
  readonly received: readonly { readonly id: string; readonly times: number; readonly body: unknown }[]
}

test('a delivery becomes an event, a row of the read model and a signed webhook', async () => {
  await using inbox = await startInbox()
  const stored = await hook(inbox.url, 'd-1', bug(7))
  expect([stored.status, await stored.json()]).toEqual([
    202,
    { streamId: 'github-octo-org/tests', version: 1, replayed: false },
  ])
  const again = await hook(inbox.url, 'd-1', bug(7))
  expect([again.status, await again.json()]).toEqual([
    200,
    { streamId: 'github-octo-org/tests', version: 1, replayed: true },
  ])

  const { received } = await eventually(
    () => get<Received>(`${inbox.url}/receiver`),
    ({ received: all }) => all.length > 0,
  )
  expect(received).toMatchObject([
    {
      times: 1,
      body: {
        type: 'issues.labeled',
        data: { stream: 'github-octo-org/tests', version: 1, notice: { kind: 'bug', issue: 7 } },
      },
    },
  ])
  expect(received[0]?.id).toMatch(/^[0-9A-Z]{26}:notify:webhook$/)

  const activity = await eventually(
    () => get<{ repositories: unknown[] }>(`${inbox.url}/api/activity`),
    ({ repositories }) => repositories.length > 0,
  )
  expect(activity.repositories).toMatchObject([
    {
      repository: 'octo-org/tests',
      events: 1,
      kinds: { issues: 1 },
      contributors: [{ login: 'octocat', events: 1 }],
      openIssues: [{ number: 7, title: 'It leaks' }],
    },
  ])
  expect(await get(`${inbox.url}/api/activity/check`)).toEqual({ equal: true, events: 1, differences: [] })
})

test('a read model that is not what the log says is told row by row', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-inbox-'))
  const { openApp } = await import('@millrace/app')
  const { defineInbox } = await import('./inbox-app.ts')
  const { checkActivity } = await import('./activity/check-activity.ts')
  try {
    {
      await using inbox = await startInbox({}, dataDir)
      await hook(inbox.url, 'd-1', bug(7))
      await eventually(
        () => get<{ events: number; equal: boolean }>(`${inbox.url}/api/activity/check`),
        ({ equal }) => equal,
      )
    }
    await using app = await openApp(defineInbox({ env: {} }), {
      env: { MILLRACE_DATA: dataDir },
      mode: 'inspect',
    })
    await app.database.execute('update activity_days set events = 2')
    await app.database.execute('delete from activity_contributors')
    const { equal, differences } = await checkActivity(app.store, app.database)
    expect(equal).toBe(false)
    expect(differences.map((text) => text.replace(/: \[.*/, ''))).toEqual([
      'only in the read model, days',
      'only in the replay, days',
      'only in the replay, contributors',
    ])
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})

test('bad deliveries are refused and leave nothing behind', async () => {
  await using inbox = await startInbox({ MILLRACE_MAX_BODY_BYTES: '2000' })
  const refused = async (response: Promise<Response>): Promise<string> => {
    const { status, ...rest } = await response.then(async (answer) => ({
      status: answer.status,
      ...((await answer.json()) as { error: { message: string } }),
    }))
    return `${status} ${rest.error.message}`
  }
  const { url } = inbox
  expect(await refused(hook(url, 'd-1', bug(1), { 'x-hub-signature-256': 'sha256=0' }))).toMatch(
    /^401 X-Hub-Signature-256/,
  )
  expect(await refused(fetch(`${url}/webhooks/github`, { method: 'POST', body: '{}' }))).toMatch(
    /^401 .* is missing/,
  )
  expect(await refused(hook(url, '', bug(1)))).toMatch(/^400 X-GitHub-Delivery/)
  expect(await refused(hook(url, 'd-1', [bug(1)]))).toMatch(/^400 body: must be a JSON object/)
  expect(await refused(hook(url, 'd-1', { organization: { login: 'ä'.repeat(100) } }))).toMatch(
    /^400 key: must be/,
  )
  expect(await refused(hook(url, 'd-1', { text: 'x'.repeat(2000) }))).toMatch(/^413 .* the maximum is 2000/)
  expect(await refused(fetch(`${url}/webhooks/github`))).toMatch(/^405 /)
  expect(await get(`${url}/api/events`)).toEqual({ events: [], next: null })
})

test('whatever signed text names sender, kind and action, the delivery is stored', async () => {
  await using inbox = await startInbox()
  const payload = { action: 'a'.repeat(60), repository, sender: { login: 'x\ud800' } }
  const stored = await hook(inbox.url, 'd-odd', payload, { 'x-github-event': '!'.repeat(64) })
  expect(stored.status).toBe(202)
  const { events } = await get<{ events: readonly { data: unknown; metadata: object }[] }>(
    `${inbox.url}/api/events`,
  )
  expect(events.map(({ data }) => data)).toEqual([payload])
  expect(events[0]?.metadata).not.toHaveProperty('actor')
})

test('the receiver takes what is signed, counts repeats, and fails when it is told to', async () => {
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  await using inbox = await startInbox({ MILLRACE_RECEIVER_SECRET: secret })
  const url = `${inbox.url}/receiver`
  const deliver = async (body: string, id = 'msg_1'): Promise<number> => {
    const at = new Date()
    const headers = {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(id, at, body),
    }
    return (await fetch(url, { method: 'POST', body, headers })).status
  }
  const mode = async (change: unknown): Promise<number> => {
    const headers = { 'content-type': 'application/json' }
    return (await fetch(`${url}/mode`, { method: 'PUT', headers, body: JSON.stringify(change) })).status
  }
  expect([await deliver('{}'), await deliver('{}'), await deliver('not JSON', 'msg_2')]).toEqual([
    200, 200, 400,
  ])
  expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(401)
  expect(await deliver('x'.repeat(200_000))).toBe(413)
  expect(await get<Received>(url)).toMatchObject({ mode: 'ok', received: [{ id: 'msg_1', times: 2 }] })

  expect(await mode({ mode: 'fail', forMs: 60_000 })).toBe(200)
  expect([await deliver('{}', 'msg_3'), (await get<Received>(url)).mode]).toEqual([503, 'fail'])
  expect(await mode({ mode: 'ok' })).toBe(200)
  expect(await deliver('{}', 'msg_3')).toBe(200)
  for (const bad of [{}, { mode: 'maybe' }, { mode: 'fail', forMs: -1 }, { mode: 'fail', extra: 1 }, 7])
    expect(await mode(bad)).toBe(400)
})

test('samples are sent at the first start only', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-inbox-'))
  const samples = join(folder, 'samples.d')
  const env = { MILLRACE_SAMPLES: samples }
  try {
    await import('node:fs/promises').then(({ mkdir }) => mkdir(samples))
    for (const number of [1, 2, 3])
      await writeFile(join(samples, `issues.${number}.json`), JSON.stringify(bug(number)))
    const outputs: string[] = []
    for (let start = 0; start < 2; start++) {
      await using inbox = await startInbox(env, join(folder, 'data'))
      outputs.push(inbox.output())
      const { streams } = await get<{ streams: unknown[] }>(`${inbox.url}/api/streams`)
      expect(streams).toMatchObject([{ id: 'github-octo-org/tests', version: 3 }])
    }
    expect(outputs[0]).toMatch(/samples 100 % \(3 of 3\)\nready http/)
    expect(outputs[1]).toMatch(/^ready http/)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('a sample that is refused ends the start, naming it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-inbox-'))
  try {
    await writeFile(join(folder, 'push.json'), 'not JSON')
    await expect(startInbox({ MILLRACE_SAMPLES: folder })).rejects.toThrow(
      /^sample sample-push-\w+ \(push\) was answered 400/,
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('an inbox that is asked to end before it is ready ends quietly', async () => {
  const { runInbox } = await import('./run-inbox.ts')
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-inbox-'))
  const stop = new AbortController()
  let output = ''
  const write = (text: string): void => {
    output += text
    if (text.includes('samples 0 %')) stop.abort()
  }
  try {
    const env = { PORT: '0', MILLRACE_DATA: dataDir, MILLRACE_WEBHOOK_SECRET: testSecret }
    await runInbox({ env, stdout: { write }, stderr: { write }, signal: stop.signal })
    expect(output).not.toContain('ready')
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})

test('a second inbox, a taken port and an open bind are refused before anything happens', async () => {
  await using inbox = await startInbox()
  const { port } = new URL(inbox.url)
  await expect(startInbox({}, inbox.dataDir)).rejects.toBeInstanceOf(DataFolderLockedError)
  await expect(startInbox({ PORT: port })).rejects.toThrow(new RegExp(`port ${port}`))
  await expect(startInbox({ MILLRACE_HOST: '0.0.0.0' })).rejects.toBeInstanceOf(ConfigurationError)
})
