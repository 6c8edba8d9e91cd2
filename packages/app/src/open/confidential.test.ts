import { expect, test } from 'vitest'

import { resolveSettings } from '../settings/settings.ts'
import { confidential } from './confidential.ts'

const textsOf = (env: Readonly<Record<string, string>>): readonly string[] =>
  confidential({ secrets: {}, token: undefined, settings: resolveSettings({}, env) })

test('without secrets nothing is confidential, neither are addresses', () => {
  expect(textsOf({})).toEqual([])
  expect(textsOf({ NATS_URL: 'nats://a:4222,tls://b:4222' })).toEqual([])
})

test('generated secrets and the token are', () => {
  const secrets = { a: { value: 'secret-a', origin: 'file' }, b: undefined } as const
  const settings = resolveSettings({}, {})
  expect(confidential({ secrets, token: 'secret-t', settings })).toEqual(['secret-a', 'secret-t'])
})

test('so is a password in a URL, escaped or not', () => {
  expect(textsOf({ DATABASE_URL: 'postgres://ann:p%40ss@h/d' })).toEqual([
    'postgres://ann:p%40ss@h/d',
    'p%40ss',
    'p@ss',
  ])
  expect(textsOf({ DATABASE_URL: 'postgres://ann:50%off@h/d' })).toContain('50%off')
})

test('so are the credentials of every NATS server, a user without a password being a token', () => {
  const texts = textsOf({ NATS_URL: 'nats://ann:p%40ss@a:4222,nats://t0k3n@b:4222,nats://c:4222' })
  expect(texts).toEqual(expect.arrayContaining(['p%40ss', 'p@ss', 't0k3n', 'nats://ann:p%40ss@a:4222']))
  expect(texts).not.toContain('ann')
  expect(texts).not.toContain('nats://c:4222')
})

test('so is a NATS password with a comma, all of it', () => {
  const texts = textsOf({ NATS_URL: 'nats://ann:one,two@a:4222,nats://b:4222' })
  expect(texts).toEqual(['nats://ann:one,two@a:4222', 'one,two'])
})

test('so is the seed of an nkey', () => {
  expect(textsOf({ NATS_URL: 'nats://a', NATS_NKEY_SEED: 'SUASEED' })).toEqual(['SUASEED'])
})

test('so are the passwords of Redis and Elasticsearch; their addresses alone are not', () => {
  expect(textsOf({ MILLRACE_REDIS_URL: 'redis://:p%40ss@r:6379' })).toEqual([
    'redis://:p%40ss@r:6379',
    'p%40ss',
    'p@ss',
  ])
  const env = { MILLRACE_ELASTICSEARCH_URL: 'https://ann:one,two@a,https://ann:one,two@b' }
  expect(textsOf(env)).toEqual(['https://ann:one,two@a', 'one,two', 'https://ann:one,two@b'])
  expect(textsOf({ MILLRACE_REDIS_URL: 'redis://r', MILLRACE_ELASTICSEARCH_URL: 'http://e' })).toEqual([])
})
