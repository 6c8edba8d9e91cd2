import { expect, test } from 'vitest'

import { defineApp } from '../definition/define-app.ts'
import { nodesOf } from './service-settings.ts'
import { resolveSettings } from './settings.ts'

const redis = { MILLRACE_REDIS_URL: 'redis://127.0.0.1:6379' }
const search = { MILLRACE_ELASTICSEARCH_URL: 'http://127.0.0.1:9200' }

test('without a server cache, dedup, jobs and search are in the process and the database', () => {
  expect(resolveSettings({}, {})).toMatchObject({
    redisUrl: { value: undefined, origin: 'default', variable: 'MILLRACE_REDIS_URL' },
    redisPrefix: { value: 'millrace' },
    elasticsearchUrl: { value: undefined, variable: 'MILLRACE_ELASTICSEARCH_URL' },
    searchPrefix: { value: 'millrace' },
    cacheTtlSeconds: { value: 60 },
    cacheBytes: { value: 33_554_432 },
    dedupTtlSeconds: { value: 86_400 },
    dedupWhenAway: { value: 'wait' },
  })
})

test.each([
  ['redisUrl', 'MILLRACE_REDIS_URL', 'redis://a:1', 'rediss://b:2/3'],
  ['redisPrefix', 'MILLRACE_REDIS_PREFIX', 'shop', 'shop:eu'],
  ['elasticsearchUrl', 'MILLRACE_ELASTICSEARCH_URL', 'http://a:9200', 'https://b:9200,https://c:9200'],
  ['searchPrefix', 'MILLRACE_SEARCH_PREFIX', 'shop', 'shop_eu'],
  ['cacheTtlSeconds', 'MILLRACE_CACHE_TTL', 5, 86_400],
  ['cacheBytes', 'MILLRACE_CACHE_BYTES', 1, 0],
  ['dedupTtlSeconds', 'MILLRACE_DEDUP_TTL', 5, 2_678_400],
  ['dedupWhenAway', 'MILLRACE_DEDUP_WHEN_AWAY', 'wait', 'fail-open'],
] as const)('of %s the environment wins over code', (name, variable, inCode, inEnvironment) => {
  const code = { [name]: inCode }
  expect(resolveSettings(code, {})[name]).toMatchObject({ value: inCode, origin: 'code' })
  const env = { ...redis, ...search, [variable]: String(inEnvironment) }
  expect(resolveSettings(code, env)[name]).toEqual({ value: inEnvironment, origin: 'environment', variable })
})

test.each([
  ['MILLRACE_REDIS_URL', 'http://secret@a'],
  ['MILLRACE_REDIS_URL', 'redis://u:secret@'],
  ['MILLRACE_REDIS_URL', 'redis://u:secret@a/one'],
  ['MILLRACE_REDIS_URL', 'redis://u:secret%@a'],
  ['MILLRACE_REDIS_PREFIX', 'a b'],
  ['MILLRACE_ELASTICSEARCH_URL', 'a:9200'],
  ['MILLRACE_ELASTICSEARCH_URL', 'http://u:secret@a,http://b'],
  ['MILLRACE_SEARCH_PREFIX', 'Shop'],
  ['MILLRACE_CACHE_TTL', '0'],
  ['MILLRACE_CACHE_TTL', '86401'],
  ['MILLRACE_CACHE_BYTES', '1073741825'],
  ['MILLRACE_DEDUP_TTL', '0'],
  ['MILLRACE_DEDUP_TTL', '2678401'],
  ['MILLRACE_DEDUP_WHEN_AWAY', 'open'],
])('%s=%s is refused by name, and a secret is not told', (variable, text) => {
  const refused = (): unknown => resolveSettings({}, { ...redis, ...search, [variable]: text })
  expect(refused).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION', setting: variable }) as Error)
  expect(refused).not.toThrow(/secret/)
})

test.each([
  ['MILLRACE_REDIS_PREFIX', 'shop'],
  ['MILLRACE_DEDUP_WHEN_AWAY', 'wait'],
  ['MILLRACE_SEARCH_PREFIX', 'shop'],
])('%s without a server is refused: it would do nothing', (variable, text) => {
  expect(() => resolveSettings({}, { [variable]: text })).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION', setting: variable }) as Error,
  )
})

test.each([
  ['redisUrl', 'http://a'],
  ['redisPrefix', ''],
  ['elasticsearchUrl', 'redis://a'],
  ['searchPrefix', '1'],
  ['cacheTtlSeconds', 0],
  ['cacheBytes', -1],
  ['dedupTtlSeconds', 1.5],
  ['dedupWhenAway', 'never'],
])('settings.%s of %j is refused in code, too', (name, value) => {
  expect(() => defineApp({ name: 'a', settings: { [name]: value } })).toThrow(
    expect.objectContaining({ setting: `settings.${name}` }) as Error,
  )
})

test('a comma in a password does not end the URL of a node', () => {
  expect(nodesOf('http://u:a,b@one:9200, https://two')).toEqual(['http://u:a,b@one:9200', 'https://two'])
})
