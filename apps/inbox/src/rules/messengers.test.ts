import { expect, test } from 'vitest'

import { readMessengers } from './messengers.ts'

const mail = { MILLRACE_MAIL_FROM: 'inbox@example.org', MILLRACE_MAIL_TO: 'ann@example.org, bob@example.org' }

test('nobody is told beside the webhook unless that is set', () => {
  expect(readMessengers({ MILLRACE_SMTP_URL: '', MILLRACE_MAIL_TO: 'ann@example.org' })).toEqual({
    mail: undefined,
    slack: undefined,
  })
})

test.each([
  ['smtp://mail.example.org', { host: 'mail.example.org', tls: 'starttls' }],
  ['smtps://mail.example.org:4465', { host: 'mail.example.org', port: 4465, tls: 'implicit' }],
  ['smtp://[::1]:2525', { host: '::1', port: 2525, tls: 'none' }],
  [
    'smtp://app%40example.org@mail.example.org',
    { user: 'app@example.org', passwordFrom: 'MILLRACE_SMTP_PASSWORD' },
  ],
])('a mail server is given by its URL: %s', (url, smtp) => {
  const { mail: told } = readMessengers({ ...mail, MILLRACE_SMTP_URL: url })
  expect(told).toMatchObject({ smtp: { from: 'inbox@example.org', ...smtp }, to: mail.MILLRACE_MAIL_TO })
})

test("Slack's webhook is known by its host", () => {
  const url = 'https://hooks.slack.com/services/T0/B0/t0ken'
  expect(readMessengers({ MILLRACE_SLACK_WEBHOOK: url }).slack).toEqual({ host: 'hooks.slack.com' })
})

test.each([
  ['MILLRACE_SMTP_URL', { ...mail, MILLRACE_SMTP_URL: 'mail.example.org' }],
  ['MILLRACE_SMTP_URL', { ...mail, MILLRACE_SMTP_URL: 'smtp://app:hunter2@mail.example.org' }],
  ['MILLRACE_MAIL_TO', { ...mail, MILLRACE_SMTP_URL: 'smtp://localhost', MILLRACE_MAIL_TO: 'hunter2' }],
  ['MILLRACE_MAIL_FROM', { ...mail, MILLRACE_SMTP_URL: 'smtp://localhost', MILLRACE_MAIL_FROM: '' }],
  ['MILLRACE_SLACK_WEBHOOK', { MILLRACE_SLACK_WEBHOOK: 'hunter2' }],
])('a bad %s is refused by name, without its value', (setting, env) => {
  expect(() => readMessengers(env)).toThrow(expect.objectContaining({ setting }) as Error)
  expect(() => readMessengers(env)).toThrow(/^(?!.*hunter2)/)
})
