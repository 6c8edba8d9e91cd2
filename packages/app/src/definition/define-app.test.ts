import { createEventDecoder, defineSearchIndex, jsonSerializer } from '@millrace/contracts'
import { defineProcessor } from '@millrace/processing'
import { expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'

import { defineAppIndex } from '../search-indexes/index-definition.ts'
import { defineJob } from '../services/job-definition.ts'
import { defineApp, isAppDefinition } from './define-app.ts'
import type { ProcessorContext } from './processor-context.ts'

const processor = defineProcessor({ name: 'none', startFrom: 'beginning', handle: () => undefined })

test('everything but the name has a default', () => {
  const app = defineApp({ name: 'inbox' })
  expect(app).toMatchObject({
    kind: 'millrace-app',
    name: 'inbox',
    readModels: [],
    secrets: {},
    settings: {},
    decoding: {},
  })
  expect(app.processors({} as ProcessorContext)).toEqual([])
  expect(isAppDefinition(app)).toBe(true)
})

test('processors are a list or a function of what they need', () => {
  expect(defineApp({ name: 'a', processors: [processor] }).processors({} as ProcessorContext)).toEqual([
    processor,
  ])
  const app = defineApp({
    name: 'a',
    secrets: { signingSecret: { variable: 'SIGNING_SECRET' } },
    processors: ({ secret }) => {
      expectTypeOf(secret).parameter(0).toEqualTypeOf<'signingSecret' | 'webhookSecret'>()
      return [processor]
    },
  })
  expectTypeOf(app.secrets).toHaveProperty('signingSecret')
  const context = { secret: () => 'x' } as unknown as ProcessorContext<typeof app.secrets>
  expect(app.processors(context)).toEqual([processor])
})

test('every setting may be given', () => {
  const app = defineApp({
    name: 'a',
    decoding: { serializers: [], decrypt: ({ payload }) => payload, upcast: (envelope) => [envelope] },
    readModels: [{ name: 'activity', script: 'select 1' }],
    settings: {
      dataDir: 'd',
      databaseUrl: 'postgres://h/d',
      natsUrl: 'nats://a:4222,nats://b:4222',
      natsCreds: 'keys/app.creds',
      natsCa: 'keys/ca.pem',
      natsCert: 'keys/app.pem',
      natsKey: 'keys/app-key.pem',
      natsStream: 'shop',
      natsReplicas: 3,
      host: '::1',
      port: 0,
      hosts: ['a.example'],
      maxEventBytes: 1000,
      upcasterSkipOnError: true,
    },
  })
  expect(createEventDecoder(app.decoding)).toBeTypeOf('function')
  expect(app.settings.port).toBe(0)
})

test('what an app writes, its readers read', () => {
  const odd = { ...jsonSerializer, contentType: 'application/x-odd' }
  expect(defineApp({ name: 'a', serializer: odd }).decoding.serializers).toEqual([jsonSerializer, odd])
  const { decoding, serializer } = defineApp({ name: 'a', serializer: jsonSerializer })
  expect([serializer, decoding.serializers]).toEqual([jsonSerializer, [jsonSerializer]])
  const serializers = [odd]
  expect(defineApp({ name: 'a', serializer: odd, decoding: { serializers } }).decoding.serializers).toBe(
    serializers,
  )
})

test.each<[setting: string, definition: unknown]>([
  ['nmae', { name: 'a', nmae: 'b' }],
  ['name', {}],
  ['name', { name: 'A b' }],
  ['processors', { name: 'a', processors: 'all' }],
  ['processors[1]', { name: 'a', processors: [processor, {}] }],
  ['formerProcessors[1]', { name: 'a', formerProcessors: ['b', 'c:d'] }],
  ['readModels[0].script', { name: 'a', readModels: [{ name: 'x' }] }],
  ['readModels[0].name', { name: 'a', readModels: [{ name: 'x y', script: 's' }] }],
  ['settings.port', { name: 'a', settings: { port: 70_000 } }],
  ['settings.pot', { name: 'a', settings: { pot: 1 } }],
  ['settings.natsUrl', { name: 'a', settings: { natsUrl: 'a:4222' } }],
  ['settings.natsStream', { name: 'a', settings: { natsStream: 'a.b' } }],
  ['settings.natsReplicas', { name: 'a', settings: { natsReplicas: 2 } }],
  ['settings.natsNkeySeed', { name: 'a', settings: { natsNkeySeed: 'SU' } }],
  ['settings.hosts[0]', { name: 'a', settings: { hosts: ['a:80'] } }],
  ['decoding.upcast', { name: 'a', decoding: { upcast: true } }],
  ['decoding.onSkip', { name: 'a', decoding: { onSkip: () => undefined } }],
  ['serializer', { name: 'a', serializer: 'cbor' }],
  ['decoding.serializers', { name: 'a', serializer: jsonSerializer, decoding: { serializers: [] } }],
  ['settings.upcasterSkipOnError', { name: 'a', settings: { upcasterSkipOnError: 'yes' } }],
  ['secrets.key.variable', { name: 'a', secrets: { key: { variable: 'lower' } } }],
  ['defineApp()', undefined],
])('a bad definition names its setting: %s', (setting, definition) => {
  const define = defineApp as (definition: unknown) => unknown
  expect(() => define(definition)).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION', setting }))
})

test.each([undefined, null, 7, {}, { kind: 'other' }])('%j is no app', (value) => {
  expect(isAppDefinition(value)).toBe(false)
})

test.each([
  ['jobs.default', { default: {} }],
  ['jobs.a/b', { 'a/b': {} }],
  ['jobs.mail.concurrency', { mail: { concurrency: 0 } }],
  ['jobs.mail.timeoutMs', { mail: { timeoutMs: 0 } }],
  ['jobs.mail.retry.maxAttempts', { mail: { retry: { maxAttempts: 0 } } }],
])('%s is refused by its place', (setting, given) => {
  const jobs = Object.fromEntries(
    Object.entries(given).map(([name, options]) => [
      name,
      defineJob({ schema: z.string(), handle: async () => undefined, ...options }),
    ]),
  )
  expect(() => defineApp({ name: 'a', jobs })).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION', setting }) as Error,
  )
})

test('two search indices of one name are refused', () => {
  const index = defineAppIndex({
    definition: defineSearchIndex({ name: 'orders', version: 1, fields: { note: { kind: 'text' } } }),
  })
  expect(() => defineApp({ name: 'a', searchIndexes: [index, index] })).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIGURATION', setting: 'searchIndexes' }) as Error,
  )
})
