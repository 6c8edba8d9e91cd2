import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { defineApp, openApp } from '@millrace/app'
import type { AppDefinition } from '@millrace/app'
import { createStreamId } from '@millrace/contracts'
import type { NewEvent } from '@millrace/contracts'
import { defineProcessor } from '@millrace/processing'
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
      expect(processors.map(({ name }) => name)).toEqual(['activity-v1', 'notify'])
      expect(await ask('/api/dead-letters')).toMatchObject({ deadLetters: [] })
    }
    await using app = await openApp(defineApp({ name: 'inbox' }), { env: {}, dataDir, mode: 'inspect' })
    const left = await app.database.query("select relname from pg_class where relname like 'inbox_activity%'")
    expect(left).toEqual([])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
