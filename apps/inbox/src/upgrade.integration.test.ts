import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { defineApp, openApp } from '@millrace/app'
import type { AppDefinition } from '@millrace/app'
import { createStreamId } from '@millrace/contracts'
import type { NewEvent } from '@millrace/contracts'
import { ActionError, defineAction, defineProcessor } from '@millrace/processing'
import { expect, test, vi } from 'vitest'

import { eventually, startInbox } from '../start-for-test.ts'
import { writesOf } from './activity/statements.ts'
import { Tally } from './activity/tally.ts'

// Three databases are opened one after the other.
vi.setConfig({ testTimeout: 120_000 })

/** What the inbox kept before its activity was a projection: these tables, fed by a processor called `activity`. */
const formerScript = `
  create table if not exists inbox_activity (
    repository text not null, day date not null, kind text not null, events bigint not null,
    primary key (repository, day, kind));
  create table if not exists inbox_contributors (
    repository text not null, login text not null, events bigint not null,
    first_at timestamptz not null, last_at timestamptz not null, primary key (repository, login));
  create table if not exists inbox_issues (
    repository text not null, number bigint not null, title text not null, state text not null,
    primary key (repository, number));`

const formerTables: Readonly<Record<string, string>> = {
  ':activity_days': 'inbox_activity',
  ':activity_contributors': 'inbox_contributors',
  ':activity_issues': 'inbox_issues',
}

function formerInbox(): AppDefinition {
  const activity = defineProcessor({
    name: 'activity',
    startFrom: 'beginning',
    filter: { categories: ['github'] },
    retry: { maxAttempts: 1 },
    handle: (batch, context) => {
      const tally = new Tally()
      for (const event of batch) {
        if (event.type === 'fork') throw new Error('the earlier release cannot handle this')
        tally.add(event)
      }
      for (const { statement, values } of writesOf(tally))
        context.write(
          statement.replace(/:activity_\w+/, (name) => formerTables[name] ?? name),
          values,
        )
    },
  })
  return defineApp({
    name: 'inbox',
    processors: [activity],
    readModels: [{ name: 'activity', script: formerScript }],
  })
}

const stream = createStreamId('github', 'octo-org/old')
const delivered = (type: string, data: object): NewEvent => ({
  type,
  data: { ...data, sender: { login: 'octocat' } },
  occurredAt: new Date('2026-11-20T10:00:00.000Z'),
})

/** A data folder as an earlier release leaves it, with something that release has set aside. */
async function leaveFormerFolder(dataDir: string): Promise<number> {
  await using app = await openApp(formerInbox(), { env: {}, dataDir })
  await app.store.append(
    stream,
    [
      delivered('issues.opened', {
        action: 'opened',
        issue: { number: 7, title: 'It leaks', state: 'open' },
      }),
      delivered('issues.opened', {
        action: 'opened',
        issue: { number: 8, title: 'It squeaks', state: 'open' },
      }),
      delivered('issues.closed', {
        action: 'closed',
        issue: { number: 8, title: 'It squeaks', state: 'closed' },
      }),
      delivered('push', {}),
    ],
    { expectedVersion: 'no-stream' },
  )
  await app.store.append(stream, [delivered('fork', {})], { expectedVersion: 4 })
  await eventually(
    () => app.processors.status(),
    ([activity]) => activity?.parkedRecords === 1 && activity.recordsHandled >= 4,
  )
  const rows = await app.database.query<{ n: number }>('select sum(events) as n from inbox_activity')
  return Number(rows[0]?.n)
}

interface Activity {
  readonly repositories: readonly object[]
}

test('the data folder of a release from before the projection opens and shows the same activity', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-upgrade-'))
  const dataDir = join(folder, 'data')
  try {
    expect(await leaveFormerFolder(dataDir)).toBe(4)
    for (let start = 0; start < 2; start++) {
      await using inbox = await startInbox({}, dataDir)
      const ask = async <Answer>(path: string): Promise<Answer> =>
        (await (await fetch(inbox.url + path)).json()) as Answer
      const { repositories } = await eventually(
        () => ask<Activity>('/api/activity'),
        (answer) => answer.repositories.length > 0,
      )
      // And what the earlier release could not handle.
      expect(repositories).toEqual([
        {
          repository: 'octo-org/old',
          events: 5,
          kinds: { fork: 1, issues: 3, push: 1 },
          days: { '2026-11-20': 5 },
          contributors: [{ login: 'octocat', events: 5 }],
          openIssues: [{ number: 7, title: 'It leaks' }],
        },
      ])
      expect(await ask('/api/activity/check')).toEqual({ equal: true, events: 5, differences: [] })
      const { processors } = await ask<{ readonly processors: readonly { readonly name: string }[] }>(
        '/api/processors',
      )
      expect(processors.map(({ name }) => name)).toEqual(['activity-v1', 'notify', 'search-events'])
      expect(await ask('/api/dead-letters')).toMatchObject({ deadLetters: [] })
    }
    await using app = await openApp(defineApp({ name: 'inbox' }), { env: {}, dataDir, mode: 'inspect' })
    const left = await app.database.query("select relname from pg_class where relname like 'inbox_activity%'")
    expect(left).toEqual([])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

/** The webhooks of a release from before observers: an action of its own under a processor of its own. */
function formerNotifier(sent: string[]): AppDefinition {
  const webhook = defineAction({
    name: 'webhook',
    timeoutMs: 5000,
    retry: { shape: 'fixed', maxAttempts: 10, initialMs: 3000, capMs: 3000, jitter: 'none' },
    afterUnknown: 'retry',
    execute: async ({ envelope, idempotencyKey }) => {
      const { issue } = envelope.data as { readonly issue: { readonly number: number } }
      if (issue.number === 2) throw ActionError.fromStatus(503)
      if (issue.number === 3) throw ActionError.fromStatus(400)
      sent.push(idempotencyKey)
      return await Promise.resolve({ statusCode: 200 })
    },
  })
  const notify = defineProcessor({
    name: 'notify',
    startFrom: 'now',
    filter: { categories: ['github'] },
    actions: [webhook],
    handle: (batch, context) => {
      for (const event of batch) context.deliver('webhook', event)
    },
  })
  return defineApp({ name: 'inbox', processors: [notify] })
}

function bug(number: number): NewEvent {
  return delivered('issues.labeled', {
    action: 'labeled',
    label: { name: 'bug' },
    issue: { number, title: `Bug ${number}`, state: 'open', html_url: `https://github.test/${number}` },
    repository: { full_name: 'octo-org/old' },
  })
}

interface LeftBehind {
  /** Idempotency keys of what the earlier release has sent. */
  readonly sent: readonly string[]
  readonly open: string
  readonly dead: string
}

/** A data folder with one webhook sent, one that waits for its next attempt, and one set aside. */
async function leaveDeliveries(dataDir: string): Promise<LeftBehind> {
  const sent: string[] = []
  await using app = await openApp(formerNotifier(sent), { env: {}, dataDir })
  await app.store.append(stream, [1, 2, 3].map(bug), { expectedVersion: 'no-stream' })
  const { items } = await eventually(
    () => app.processors.listDeliveries({ processor: 'notify' }),
    (page) =>
      page.items
        .map(({ state }) => state)
        .toSorted()
        .join() === 'dead,delivered,retrying',
  )
  const of = (state: string): string => items.find((each) => each.state === state)?.id ?? ''
  return { sent, open: of('retrying'), dead: of('dead') }
}

interface Received {
  readonly received: readonly { readonly id: string; readonly times: number; readonly body: object }[]
}

test('webhooks that a release from before observers has sent, owes or has set aside are taken over under their keys', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-upgrade-'))
  const dataDir = join(folder, 'data')
  try {
    const left = await leaveDeliveries(dataDir)
    {
      // Recorded, and not handled before the earlier release ended.
      await using app = await openApp(defineApp({ name: 'inbox' }), { env: {}, dataDir })
      await app.store.append(stream, [bug(4)], { expectedVersion: 3 })
    }
    expect(left.sent).toEqual([expect.stringMatching(/^[0-9A-Z]{26}:notify:webhook$/)])
    await using inbox = await startInbox({}, dataDir)
    const retry = `${inbox.url}/api/dead-letters/${encodeURIComponent(left.dead)}/retry`
    const headers = { 'content-type': 'application/json' }
    const retried = await fetch(retry, { method: 'POST', headers, body: '{}' })
    expect(await retried.json()).toMatchObject({ outcome: 'delivered' })
    const { received } = await eventually(
      async () => (await (await fetch(`${inbox.url}/receiver`)).json()) as Received,
      (answer) => answer.received.length > 2,
    )
    // What was sent is not sent again; of what comes now the receiver knows each by the key it had.
    const [latest = ''] = received.flatMap(({ id }) => ([left.open, left.dead].includes(id) ? [] : [id]))
    expect(received.map(({ id, times }) => `${id} ${times}`).toSorted()).toEqual(
      [left.open, left.dead, latest].map((id) => `${id} 1`).toSorted(),
    )
    expect(left.sent).not.toContain(latest)
    expect(received.find(({ id }) => id === left.open)?.body).toEqual({
      type: 'issues.labeled',
      timestamp: '2026-11-20T10:00:00.000Z',
      data: {
        stream: 'github-octo-org/old',
        version: 2,
        notice: {
          kind: 'bug',
          repository: 'octo-org/old',
          issue: 2,
          title: 'Bug 2',
          url: 'https://github.test/2',
        },
      },
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
