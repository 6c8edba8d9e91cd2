import { expect, test } from 'vitest'

import { readTokenHolders } from './principals.ts'

const read = (text: string) => readTokenHolders({ MILLRACE_TOKENS: text })

test('tokens are given to names with roles', () => {
  expect(read('ann:read:first-token, bob@x.org:read+replay+operate:second:token')).toEqual([
    { principal: { name: 'ann', roles: ['read'] }, token: 'first-token' },
    { principal: { name: 'bob@x.org', roles: ['read', 'replay', 'operate'] }, token: 'second:token' },
  ])
  expect(readTokenHolders({})).toEqual([])
})

test.each([
  'ann:read',
  'ann:read:short',
  'ann::long-enough',
  'ann:all:long-enough',
  'ann:read+:long-enough',
  ':read:long-enough',
  'ann:read:same-token,bob:read:same-token',
  'ann:read:with blank inside',
])('%j is refused by the name of its variable, without the token', (text) => {
  expect(() => read(text)).toThrow(
    expect.objectContaining({
      code: 'ERR_CONFIGURATION',
      setting: 'MILLRACE_TOKENS',
      message: expect.not.stringMatching(/long-enough|same-token|blank inside/) as string,
    }),
  )
})
