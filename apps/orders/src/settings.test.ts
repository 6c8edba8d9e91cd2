import { expect, test } from 'vitest'

import { ordersSettings } from './settings.ts'

const env = {
  ORDERS_WEBHOOK_URL: 'https://warehouse.example.org/in?key=hunter2',
  ORDERS_SLACK_URL: 'https://hooks.slack.example/services/hunter2',
  ORDERS_SMTP_URL: 'smtp://orders@mail.example.org:587',
}

test('destinations are what the environment names, and their hosts may be called wherever they are', () => {
  expect(ordersSettings(env)).toEqual({
    smtp: {
      host: 'mail.example.org',
      port: 587,
      tls: 'starttls',
      from: 'orders@shop.example',
      user: 'orders',
      passwordFrom: 'ORDERS_SMTP_PASSWORD',
    },
    allowHosts: ['warehouse.example.org', 'hooks.slack.example'],
  })
})

test.each([
  ['smtps://mail.example.org', { host: 'mail.example.org', tls: 'implicit' }],
  ['smtp://127.0.0.1:2525', { host: '127.0.0.1', port: 2525, tls: 'none' }],
  ['smtp://[::1]:2525', { host: '::1', port: 2525, tls: 'none' }],
])('%s is a mail server', (url, expected) => {
  const { smtp } = ordersSettings({ ...env, ORDERS_SMTP_URL: url, ORDERS_MAIL_FROM: 'me@example.org' })
  expect(smtp).toEqual({ ...expected, from: 'me@example.org' })
})

test.each([
  [{ ORDERS_WEBHOOK_URL: undefined }, 'ORDERS_WEBHOOK_URL', 'is missing'],
  [{ ORDERS_WEBHOOK_URL: 'ftp://hunter2' }, 'ORDERS_WEBHOOK_URL', 'https:// or http://'],
  [{ ORDERS_SLACK_URL: 'hunter2' }, 'ORDERS_SLACK_URL', 'https:// or http://'],
  [{ ORDERS_SMTP_URL: 'mail.example.org' }, 'ORDERS_SMTP_URL', 'smtp:// or smtps://'],
  [{ ORDERS_SMTP_URL: 'smtp://me:hunter2@mail.example.org' }, 'ORDERS_SMTP_URL', 'ORDERS_SMTP_PASSWORD'],
])('%o is refused by its name and rule, and is not shown', (wrong, setting, rule) => {
  const read = (): unknown => ordersSettings({ ...env, ...wrong })
  expect(read).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION', setting }))
  expect(read).toThrow(rule)
  expect(read).not.toThrow(/hunter2/)
})
