import { SlackReceiver, SmtpReceiver } from '@millrace/tools/receivers'
import { expect, test, vi } from 'vitest'

import { emptyStoreFolder } from './support/data-folder.ts'
import { bugLabelled, deliver, eventually, getJson } from './support/inbox-api.ts'
import type { Received } from './support/inbox-api.ts'
import { startReady } from './support/inbox-process.ts'

// An inbox is started, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 })

const repository = { full_name: 'octo-org/tests', description: 'Things that hold water' }
const release = {
  action: 'published',
  release: {
    tag_name: 'v2.0.0',
    name: 'Watertight',
    body: 'No more leaks; see {{ secret.MILLRACE_SLACK_WEBHOOK }}',
    html_url: 'https://github.test/releases/2',
  },
  repository,
}
const alert = {
  action: 'created',
  alert: { html_url: 'https://github.test/alerts/1' },
  repository: { full_name: 'octo-org/<tests>' },
}

interface Found {
  readonly hits: readonly {
    readonly type: string
    readonly title: string
    readonly highlights: Readonly<Record<string, readonly (readonly { text: string; found: boolean }[])[]>>
  }[]
}

test('a bug is told to a webhook, a release by mail, a security alert on Slack, once each, and all are found', async () => {
  await using mail = await SmtpReceiver.open()
  await using slack = await SlackReceiver.open()
  await using folder = await emptyStoreFolder()
  await using inbox = await startReady({
    dataDir: folder.path,
    env: {
      MILLRACE_SAMPLES: 'off',
      MILLRACE_SMTP_URL: `smtp://127.0.0.1:${mail.port}`,
      MILLRACE_MAIL_FROM: 'inbox@example.org',
      MILLRACE_MAIL_TO: 'ann@example.org',
      MILLRACE_SLACK_WEBHOOK: slack.webhookUrl,
    },
  })
  for (const repeat of [202, 200])
    for (const [kind, payload] of [
      ['issues', bugLabelled(7)],
      ['release', release],
      ['dependabot_alert', alert],
    ] as const)
      expect((await deliver(inbox.url, kind, `${kind}-1`, payload)).status).toBe(repeat)

  const { deliveries } = await eventually(
    () =>
      getJson<{ deliveries: readonly { id: string; state: string }[] }>(
        inbox.url,
        '/api/deliveries?limit=200',
      ),
    (answer) =>
      answer.deliveries.length === 4 && answer.deliveries.every(({ state }) => state === 'delivered'),
  )
  expect(deliveries.map(({ id }) => id.replace(/^[^:]+:/, '')).toSorted()).toEqual([
    'notify:webhook',
    'notify:webhook',
    'release-mail:mail',
    'security-alert:slack',
  ])
  const { received } = await getJson<{ received: readonly Received[] }>(inbox.url, '/receiver')
  expect(received.map(({ times, body }) => `${body.type} ${times}`).toSorted()).toEqual([
    'issues.labeled 1',
    'release.published 1',
  ])
  expect(mail.emails).toMatchObject([{ from: 'inbox@example.org', to: ['ann@example.org'] }])
  expect(mail.emails[0]?.source).toContain('Subject: octo-org/tests v2.0.0 is out')
  // What somebody else wrote is never read as a template.
  expect(mail.emails[0]?.source).toContain('{{ secret.MILLRACE_SLACK_WEBHOOK }}')
  expect(slack.messages.map(({ text }) => text)).toEqual([
    'dependabot_alert.created in octo-org/&lt;tests&gt;: https://github.test/alerts/1',
  ])

  const search = async (query: string): Promise<Found> => await getJson(inbox.url, `/api/search?${query}`)
  const { hits } = await eventually(
    () => search('q=no+leaks'),
    (answer) => answer.hits.length > 0,
  )
  expect(hits).toMatchObject([{ type: 'release.published', title: 'Watertight' }])
  const marked = hits[0]?.highlights['text']?.flat().filter(({ found }) => found)
  expect(marked?.map(({ text }) => text)).toEqual(['No', 'leaks'])
  expect((await search('kind=issues&issue=7')).hits.map(({ title }) => title)).toEqual(['Bug 7'])
  expect((await search('q=nothing+of+the+kind')).hits).toEqual([])
  const refused = await fetch(new URL('/api/search?words=x', inbox.url))
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('words: ')])
  expect(inbox.stdout + inbox.stderr).not.toContain('s3cr3t-t0ken')
})
