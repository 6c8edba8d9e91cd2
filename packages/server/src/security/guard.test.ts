import { expect, test } from 'vitest'

import { createGuard } from './guard.ts'
import type { GuardLevel, GuardOptions } from './guard.ts'

interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly level?: GuardLevel
  readonly options?: GuardOptions
}

function pass({ method = 'GET', headers = {}, level = 'management', options = {} }: Sent): void {
  createGuard(options)(new Request('http://127.0.0.1:4400/api/status', { method, headers }), level)
}

const forbidden: unknown = expect.objectContaining({ code: 'ERR_FORBIDDEN' })
const unauthorized: unknown = expect.objectContaining({ code: 'ERR_UNAUTHORIZED' })

test.each(['localhost', 'localhost:4400', '127.0.0.1:4400', '127.9.9.9', '[::1]:4400', 'LOCALHOST'])(
  '%s is a host of ours',
  (host) => {
    expect(() => pass({ headers: { host } })).not.toThrow()
  },
)

test.each([
  'evil.example',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  '10.0.0.1',
  '',
  'a b',
  '[',
  'user@localhost',
  'localhost/x',
])('the host %j is foreign', (host) => {
  expect(() => pass({ headers: { host } })).toThrow(forbidden)
})

test('hosts can be added, whatever their case', () => {
  const options = { hosts: ['Inbox.Example.org'] }
  expect(() => pass({ headers: { host: 'inbox.example.ORG:443' }, options })).not.toThrow()
  expect(() => pass({ headers: { host: 'other.example.org' }, options })).toThrow(forbidden)
})

test('an origin must be the address itself or an added host', () => {
  const host = 'localhost:4400'
  expect(() => pass({ headers: { host, origin: 'http://localhost:4400' } })).not.toThrow()
  const options = { hosts: ['inbox.example.org'] }
  expect(() => pass({ headers: { host, origin: 'https://inbox.example.org' }, options })).not.toThrow()
})

test.each([
  'http://evil.example',
  'http://localhost:3000',
  'null',
  'http://localhost:4400.evil.example',
  'nonsense',
])('the origin %s is foreign, for reading too', (origin) => {
  expect(() => pass({ headers: { host: 'localhost:4400', origin } })).toThrow(forbidden)
  expect(() => pass({ headers: { host: 'localhost:4400', origin }, level: 'open' })).toThrow(forbidden)
})

test.each(['POST', 'DELETE', 'PUT', 'PATCH'])(
  'without a token, %s needs what no form of another site can send',
  (method) => {
    expect(() => pass({ method })).toThrow(forbidden)
    expect(() => pass({ method, headers: { 'content-type': 'text/plain' } })).toThrow(forbidden)
    expect(() => pass({ method, headers: { 'content-type': 'application/jsonp' } })).toThrow(forbidden)
    expect(() =>
      pass({ method, headers: { 'content-type': 'application/json; charset=utf-8' } }),
    ).not.toThrow()
    expect(() => pass({ method, headers: { 'x-millrace-request': '1' } })).not.toThrow()
  },
)

test.each(['', 'Bearer', 'Bearer wrong', 'Bearer correct-horse!', 'Basic correct-horse', 'correct-horse'])(
  'the authorization %j does not let in',
  (authorization) => {
    const options = { token: 'correct-horse' }
    expect(() => pass({ headers: { authorization }, options })).toThrow(unauthorized)
  },
)

test('the token lets in, also to change something', () => {
  const sent = {
    method: 'POST',
    headers: { authorization: 'bearer correct-horse' },
    options: { token: 'correct-horse' },
  }
  expect(() => pass(sent)).not.toThrow()
})

test('a missing token is told apart from a wrong host only after the host', () => {
  expect(() => pass({ headers: { host: 'evil.example' }, options: { token: 'correct-horse' } })).toThrow(
    forbidden,
  )
})

test('what is open needs no token', () => {
  expect(() => pass({ level: 'open', options: { token: 'correct-horse' } })).not.toThrow()
})

test('what guards itself is let pass from anywhere', () => {
  expect(() =>
    pass({ method: 'POST', level: 'own', headers: { host: 'hooks.example', origin: 'http://a.example' } }),
  ).not.toThrow()
})

test.each(['cross-site', 'same-site'])('a page of another site may not even ask: %s', (site) => {
  const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'empty' }
  expect(() => pass({ headers })).toThrow(forbidden)
  expect(() => pass({ headers, level: 'open' })).not.toThrow()
})

test('our own page, a typed address, a followed link and an added origin may ask', () => {
  const sites = [
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' },
    { 'sec-fetch-site': 'cross-site', origin: 'https://inbox.example.org' },
  ]
  for (const headers of sites)
    expect(() => pass({ headers, options: { hosts: ['inbox.example.org'] } })).not.toThrow()
})
