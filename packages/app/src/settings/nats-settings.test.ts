import { resolve } from 'node:path'

import { expect, test } from 'vitest'

import { serversOf } from './nats-settings.ts'
import { resolveSettings } from './settings.ts'

const refused = (setting: string): unknown => expect.objectContaining({ code: 'ERR_CONFIGURATION', setting })
const seed = 'SUAKYRHVIOREXV7EUZTBHUHL7NUMHPMAS7QMDU3GTIUWEI5LDNOXD43IZY'

test('without a NATS server there is a stream name and nothing else', () => {
  expect(resolveSettings({}, {})).toMatchObject({
    natsUrl: { value: undefined, origin: 'default', variable: 'NATS_URL' },
    natsCreds: { value: undefined, origin: 'default', variable: 'NATS_CREDS' },
    natsNkeySeed: { value: undefined, origin: 'default', variable: 'NATS_NKEY_SEED' },
    natsCa: { value: undefined, origin: 'default', variable: 'NATS_CA' },
    natsCert: { value: undefined, origin: 'default', variable: 'NATS_CERT' },
    natsKey: { value: undefined, origin: 'default', variable: 'NATS_KEY' },
    natsStream: { value: 'millrace', origin: 'default', variable: 'NATS_STREAM' },
    natsReplicas: { value: undefined, origin: 'default', variable: 'NATS_REPLICAS' },
  })
})

test('the environment wins over code', () => {
  const code = { natsUrl: 'nats://code:4222', natsStream: 'code', natsReplicas: 1 }
  const env = { NATS_URL: 'tls://a:4222, nats://b', NATS_STREAM: 'inbox', NATS_REPLICAS: '3' }
  expect(resolveSettings(code, {})).toMatchObject({
    natsUrl: { value: 'nats://code:4222', origin: 'code' },
    natsStream: { value: 'code', origin: 'code' },
    natsReplicas: { value: 1, origin: 'code' },
  })
  expect(resolveSettings(code, env)).toMatchObject({
    natsUrl: { value: 'tls://a:4222, nats://b', origin: 'environment' },
    natsStream: { value: 'inbox', origin: 'environment' },
    natsReplicas: { value: 3, origin: 'environment' },
  })
})

test('a file of credentials is relative to the working directory', () => {
  const option = { cwd: '/base' }
  expect(resolveSettings({ natsCreds: 'code.creds' }, {}, option).natsCreds).toMatchObject({
    value: resolve('/base/code.creds'),
    origin: 'code',
  })
  const env = { NATS_URL: 'nats://a', NATS_CREDS: '/keys/a.creds' }
  expect(resolveSettings({}, env, option).natsCreds.value).toBe('/keys/a.creds')
})

test('files of certificates are relative to the working directory too', () => {
  const code = { natsUrl: 'tls://a', natsCa: 'code-ca.pem' }
  const env = { NATS_CA: 'ca.pem', NATS_CERT: '/keys/app.pem', NATS_KEY: 'app-key.pem' }
  expect(resolveSettings(code, {}, { cwd: '/base' }).natsCa).toMatchObject({
    value: resolve('/base/code-ca.pem'),
    origin: 'code',
  })
  expect(resolveSettings(code, env, { cwd: '/base' })).toMatchObject({
    natsCa: { value: resolve('/base/ca.pem'), origin: 'environment' },
    natsCert: { value: resolve('/keys/app.pem'), origin: 'environment' },
    natsKey: { value: resolve('/base/app-key.pem'), origin: 'environment' },
  })
})

test.each([
  ['NATS_CERT', 'NATS_KEY'],
  ['NATS_KEY', 'NATS_CERT'],
])('%s without %s is refused', (variable, missing) => {
  const resolving = (): unknown => resolveSettings({}, { NATS_URL: 'tls://a', [variable]: 'a.pem' })
  expect(resolving).toThrow(refused(variable))
  expect(resolving).toThrow(missing)
})

test('a comma that no scheme follows belongs to a password', () => {
  expect(serversOf('nats://ann:a,b,@a:4222, tls://b:4222,nats://c,d@c')).toEqual([
    'nats://ann:a,b,@a:4222',
    'tls://b:4222',
    'nats://c,d@c',
  ])
  expect(resolveSettings({}, { NATS_URL: 'nats://ann:a,b@a:4222' }).natsUrl.value).toContain('a,b@')
})

test.each([
  ['NATS_URL', 'localhost:4222'],
  ['NATS_URL', 'http://localhost:4222'],
  ['NATS_URL', 'nats://'],
  ['NATS_URL', 'nats://a:4222,,nats://b:4222'],
  ['NATS_URL', 'nats://a,b'],
  ['NATS_URL', 'nats://ann:pass@a,b'],
  ['NATS_URL', 'nats://a:4222/stream'],
  ['NATS_URL', 'nats://a:4222?tls=1'],
  ['NATS_URL', 'nats://ann:50%off@a:4222'],
  ['NATS_URL', 'nats://:secret@a:4222'],
  ['NATS_STREAM', 'two words'],
  ['NATS_STREAM', 'a.b'],
  ['NATS_STREAM', 'x'.repeat(64)],
  ['NATS_REPLICAS', '2'],
  ['NATS_REPLICAS', 'many'],
])('%s=%s is refused by name', (variable, text) => {
  expect(() => resolveSettings({}, { [variable]: text })).toThrow(refused(variable))
})

test('a refused URL does not show its password', () => {
  expect(() => resolveSettings({}, { NATS_URL: 'nats://ann:hunter22@a:4222/x' })).not.toThrow(/hunter22/)
})

test.each([
  ['NATS_CREDS', { NATS_CREDS: 'a.creds', NATS_NKEY_SEED: seed }],
  ['NATS_CREDS', { NATS_URL: 'nats://ann:pass@a', NATS_CREDS: 'a.creds' }],
  ['NATS_NKEY_SEED', { NATS_URL: 'nats://token@a', NATS_NKEY_SEED: seed }],
])('of two kinds of credentials %s is refused', (variable, env) => {
  expect(() => resolveSettings({}, env)).toThrow(refused(variable))
  expect(() => resolveSettings({}, env)).not.toThrow(seed)
})

test.each(['NATS_CREDS', 'NATS_NKEY_SEED', 'NATS_CA', 'NATS_STREAM', 'NATS_REPLICAS'])(
  '%s without a server is refused: the events would silently go elsewhere',
  (variable) => {
    const value = variable === 'NATS_REPLICAS' ? '3' : 'orders'
    expect(() => resolveSettings({}, { [variable]: value })).toThrow(refused(variable))
    expect(resolveSettings({ natsUrl: 'nats://a' }, { [variable]: value }).natsUrl.value).toBe('nats://a')
  },
)
