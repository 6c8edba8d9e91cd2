import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { defineObserver } from '@millrace/observers'
import type { ObserverAction, ObserverDefinition } from '@millrace/observers'
import { SlackReceiver, SmtpReceiver } from '@millrace/tools/receivers'
import { createCertificates } from '@millrace/tools/services'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { eventually } from './support/eventually.ts'
import { fresh, openLedger, openRig } from './support/rig.ts'
import type { Ledger } from './support/rig.ts'

let ledger: Ledger
let folder: string
let key: string
let cert: string
let ca: string
beforeAll(async () => {
  ledger = await openLedger()
  folder = await mkdtemp(join(tmpdir(), 'millrace-mail-'))
  const { authority, server } = await createCertificates(folder)
  const read = async (path: string): Promise<string> => await readFile(path, 'utf8')
  ;[key, cert, ca] = await Promise.all([read(server.key), read(server.certificate), read(authority)])
})
afterAll(async () => {
  await ledger[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const fast = { shape: 'fixed', initialMs: 5, jitter: 'none', maxAttempts: 2 } as const
const placed = (data: object): { type: string; data: object } => ({ type: 'order-placed', data })

function email(settings: Partial<ObserverAction> = {}): ObserverDefinition {
  const action = {
    action: 'email',
    name: 'mail',
    to: '{{ data.to }}',
    cc: 'copy@example.org',
    replyTo: 'desk@example.org',
    subject: 'Order of {{ data.name }}',
    text: 'Dear {{ data.name }}',
    html: '<p>Dear {{ data.name }}</p>',
    retry: fast,
    ...settings,
  } as ObserverAction
  return defineObserver({ name: fresh('rule'), actions: [action] })
}

const from = 'shop@example.org'

test('an e-mail goes out over TLS, as a user, with its texts escaped for their places', async () => {
  const user = { name: 'shop', password: 'p4ss' }
  await using server = await SmtpReceiver.open({ key, cert, user })
  const rule = email()
  const smtp = { host: '127.0.0.1', port: server.port, from, ca, user: 'shop', passwordFrom: 'SMTP_PASSWORD' }
  await using rig = await openRig(ledger, [rule], { smtp, secrets: () => 'p4ss' })
  await rig.append('1', placed({ to: 'ada@example.org', name: '<b>Ada</b>\r\nBcc: evil@example.org' }))
  await eventually(() => rig.states(rule.name)).toEqual({ delivered: 1 })
  const [mail] = server.emails
  expect(mail).toMatchObject({
    from,
    to: ['ada@example.org', 'copy@example.org'],
    secure: true,
    user: 'shop',
  })
  const [delivery] = await rig.deliveries(rule.name)
  // Long headers go on in the next line.
  const unfolded = mail?.source.replaceAll(/\r\n\s+/g, ' ')
  expect(unfolded).toContain(`X-Idempotency-Key: ${delivery?.id}`)
  expect(unfolded).toContain('Reply-To: desk@example.org')
  expect(mail?.source).toContain('<p>Dear &lt;b&gt;Ada&lt;/b&gt;')
  expect(mail?.source.split('\r\n\r\n')[0]).not.toMatch(/^Bcc:/m)
})

test('a server without TLS gets nothing unless that was asked for', async () => {
  await using server = await SmtpReceiver.open()
  const smtp = { host: '127.0.0.1', port: server.port, from }
  const strict = email({ to: 'ada@example.org' })
  {
    await using rig = await openRig(ledger, [strict], { smtp })
    await rig.append('1', placed({ name: 'Ada' }))
    await eventually(() => rig.states(strict.name)).toEqual({ dead: 1 })
    expect(server.emails).toHaveLength(0)
  }
  const plain = email({ to: 'ada@example.org' })
  await using rig = await openRig(ledger, [plain], { smtp: { ...smtp, tls: 'none' } })
  await rig.append('1', placed({ name: 'Ada' }))
  await eventually(() => rig.states(plain.name)).toEqual({ delivered: 1 })
})

test('what the server says tells whether another try may help; a value cannot add a recipient', async () => {
  await using server = await SmtpReceiver.open()
  const smtp = { host: '127.0.0.1', port: server.port, from, tls: 'none' } as const
  const rules = [email(), email(), email(), email({ to: 'desk@example.org, {{ data.to }}' })]
  const attempts = async (
    behaviour: 'ok' | { code: number; text: string },
    rule: ObserverDefinition | undefined,
    to: string,
  ): Promise<unknown> => {
    if (rule === undefined) throw new Error('a rule for each case')
    server.behave(behaviour)
    await using rig = await openRig(ledger, [rule], { smtp })
    await rig.append('1', placed({ to, name: 'Ada' }))
    await eventually(() => rig.states(rule.name)).toEqual({ dead: 1 })
    const [letter] = await rig.deadLetters(rule.name)
    return [letter?.attempts.length, letter?.attempts[0]?.statusCode, letter?.attempts[0]?.error]
  }
  expect(await attempts({ code: 451, text: 'later' }, rules[0], 'ada@example.org')).toEqual([
    2,
    451,
    expect.stringContaining('later'),
  ])
  expect(await attempts({ code: 554, text: 'never' }, rules[1], 'ada@example.org')).toEqual([
    1,
    554,
    expect.stringContaining('never'),
  ])
  expect(await attempts('ok', rules[2], 'ada@example.org <evil@example.org>')).toEqual([
    1,
    undefined,
    'to: is no e-mail address',
  ])
  expect(await attempts('ok', rules[3], 'ada@example.org, evil@example.org')).toEqual([
    1,
    undefined,
    'to: is no e-mail address',
  ])
  expect(server.emails).toHaveLength(0)
})

test('a mail server that is not there is waited for without counting attempts', async () => {
  const server = await SmtpReceiver.open()
  const { port } = server
  await server[Symbol.asyncDispose]()
  const rule = email({ to: 'ada@example.org' })
  await using rig = await openRig(ledger, [rule], { smtp: { host: '127.0.0.1', port, from, tls: 'none' } })
  await rig.append('1', placed({ name: 'Ada' }))
  const failures = (): number | undefined => rig.observers.status().destinations[0]?.recent.failures
  await eventually(failures).toBeGreaterThan(2)
  expect(await rig.deliveries(rule.name)).toMatchObject([{ state: 'open', attempts: [] }])
})

test('a message to Slack has its values escaped, and its secret address is kept nowhere', async () => {
  await using slack = await SlackReceiver.open()
  const block = { type: 'section', text: { type: 'mrkdwn', text: '*{{ data.name }}*' } }
  const of = (text: string): ObserverDefinition =>
    defineObserver({
      name: fresh('rule'),
      actions: [{ action: 'slack', name: 'slack', webhook: 'SLACK_URL', text, blocks: [block], retry: fast }],
    })
  const [good, bad] = [of('New order of {{ data.name }}'), of('{{ data.gone }}')]
  await using rig = await openRig(ledger, [good, bad], { secrets: () => slack.webhookUrl })
  await rig.append('1', placed({ name: '<!channel> & co' }))
  await eventually(() => rig.states(good.name)).toEqual({ delivered: 1 })
  await eventually(() => rig.states(bad.name)).toEqual({ dead: 1 })
  expect(slack.messages).toContainEqual({
    text: 'New order of &lt;!channel&gt; &amp; co',
    blocks: [{ type: 'section', text: { type: 'mrkdwn', text: '*&lt;!channel&gt; &amp; co*' } }],
  })
  expect(slack.http.requests[0]?.path).toContain('s3cr3t')
  const kept = JSON.stringify([await rig.deadLetters(bad.name), rig.observers.status()])
  expect(kept).not.toContain('s3cr3t')
})
