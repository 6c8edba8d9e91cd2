import { describe, expect, test } from 'vitest'

import { openNatsLink, redacted } from './connect.ts'
import type { NatsOptions } from './connect.ts'

// Nothing listens there: the port is one that no program may use.
const nowhere = '127.0.0.1:1'

async function failureOf(options: NatsOptions): Promise<Error> {
  try {
    await using link = await openNatsLink({ connectTimeoutMs: 2_000, ...options })
    throw new Error(`connected to ${link.info.server_name}`)
  } catch (error) {
    return error as Error
  }
}

describe('a server that cannot be reached', () => {
  test('is a typed error that names it', async () => {
    const error = await failureOf({ servers: `nats://${nowhere}` })
    expect(error).toMatchObject({ code: 'ERR_CONNECTION', retryable: true })
    expect(error.message).toContain(nowhere)
  })

  test.each([
    ['a password', `nats://mallory:s3cret@${nowhere}`],
    ['a token', `nats://s3cret@${nowhere}`],
    ['a password in a list', `nats://mallory:s3cret@${nowhere}, ${nowhere}`],
    ['a password with a comma', `nats://mallory:x,s3cret@${nowhere},nats://mallory:s3cret,@${nowhere}`],
  ])('never shows %s', async (_, servers) => {
    const error = await failureOf({ servers })
    expect(error).toMatchObject({ code: 'ERR_CONNECTION' })
    expect(JSON.stringify([error.message, error.stack, error])).not.toContain('s3cret')
  })
})

describe('an address', () => {
  test.each(['http://127.0.0.1:4222', 'nats://', '', 'nats://user:s3cret@'])(
    '%j is refused',
    async (servers) => {
      const error = await failureOf({ servers })
      expect(error).toMatchObject({ code: 'ERR_CONFIGURATION', setting: 'servers' })
      expect(error.message).not.toContain('s3cret')
    },
  )

  test.each([
    ['a comma in credentials without a scheme', 'user:pa,ss@host:4222', 'number 1 '],
    ['a list', ['nats://host', 'nats://user:s3cret@host:port'], 'number 2 '],
    ['a % that begins nothing', 'nats://user:s3cret%zz@host', '%25'],
  ])('that cannot be read because of %s is refused without a word of it', async (_, servers, told) => {
    const error = await failureOf({ servers })
    expect(error).toMatchObject({ code: 'ERR_CONFIGURATION', setting: 'servers' })
    expect(error.message).toContain(told)
    expect(JSON.stringify([error.message, error.stack, error.cause])).not.toMatch(/s3cret|user:|pa,/)
  })

  test('none at all is refused', async () => {
    expect(await failureOf({ servers: [] })).toMatchObject({ code: 'ERR_CONFIGURATION', setting: 'servers' })
  })

  test('is shown without what may stand in front of it', () => {
    expect(redacted('nats://a:b@host:1,c@other:2')).toBe('nats://host:1, other:2')
    expect(redacted('nats://a:b,@host:1,tls://c:,d@other:2, e:3')).toBe('nats://host:1, tls://other:2, e:3')
    expect(redacted(['tls://a:b@c@host:1'])).toBe('tls://host:1')
    expect(redacted()).toBe('nats://127.0.0.1:4222')
  })
})

describe('credentials', () => {
  test.each([
    ['creds that are none', { creds: 's3cret' }],
    ['a seed that is none', { nkeySeed: 's3cret' }],
    ['a file that is not there', { credsFile: '/does/not/exist.creds' }],
  ])('%s are refused before anything is sent, without being shown', async (_, credentials) => {
    const error = await failureOf({ servers: nowhere, credentials })
    expect(error).toMatchObject({ code: 'ERR_CONFIGURATION' })
    expect(JSON.stringify([error.message, error.stack, error, error.cause])).not.toContain('s3cret')
  })
})

test.each([
  ['inboxPrefix', 'a b'],
  ['inboxPrefix', 'a.*'],
  ['inboxPrefix', ''],
  ['domain', 'a.b'],
  ['domain', ''],
])('%s that is no part of a subject, %j, is refused', async (setting, value) => {
  const error = await failureOf({ servers: nowhere, [setting]: value })
  expect(error).toMatchObject({ code: 'ERR_CONFIGURATION', setting })
})
