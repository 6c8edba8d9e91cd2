import { mkdtempDisposableSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'

import { expect, test } from 'vitest'

import { loadSecrets, ownSecrets, readSecrets, readToken, secretsFile } from './secrets.ts'

const definitions = { ...ownSecrets, signingSecret: { variable: 'SIGNING_SECRET', prefix: 'whsec_' } }
const newFolder = (): ReturnType<typeof mkdtempDisposableSync> =>
  mkdtempDisposableSync(join(tmpdir(), 'millrace-secrets-'))

test('what is missing is generated once, into a file only its owner reads', () => {
  using folder = newFolder()
  const dataDir = join(folder.path, 'new')
  const first = loadSecrets(definitions, dataDir, {})
  expect(first['webhookSecret']?.origin).toBe('file')
  expect(Buffer.from(first['webhookSecret']?.value ?? '', 'base64')).toHaveLength(32)
  expect(first['signingSecret']?.value).toMatch(/^whsec_/)
  expect(statSync(secretsFile(dataDir)).mode & 0o777).toBe(0o600)
  expect(loadSecrets(definitions, dataDir, {})).toEqual(first)
})

test('the environment wins, and nothing is generated for it', () => {
  using folder = newFolder()
  const env = { MILLRACE_WEBHOOK_SECRET: 'from outside', SIGNING_SECRET: 'from outside too' }
  expect(loadSecrets(definitions, folder.path, env)['webhookSecret']).toEqual({
    value: 'from outside',
    origin: 'environment',
  })
  expect(() => statSync(secretsFile(folder.path))).toThrow(/ENOENT/)
})

test('reading generates nothing', () => {
  using folder = newFolder()
  expect(readSecrets(definitions, folder.path, {})).toEqual({
    webhookSecret: undefined,
    signingSecret: undefined,
  })
  expect(() => statSync(secretsFile(folder.path))).toThrow(/ENOENT/)
})

test('a secret added later joins those that are there', () => {
  using folder = newFolder()
  const first = loadSecrets(ownSecrets, folder.path, {})
  const both = loadSecrets(definitions, folder.path, {})
  expect(both['webhookSecret']).toEqual(first['webhookSecret'])
  expect(both['signingSecret']?.value).toMatch(/^whsec_/)
})

test.each(['not json', '{"version":2,"secrets":{}}', '{"version":1,"secrets":{"a":7}}'])(
  'a damaged file is an error that names it and quotes nothing of it: %s',
  (text) => {
    using folder = newFolder()
    writeFileSync(secretsFile(folder.path), text)
    const read = (): unknown => loadSecrets(definitions, folder.path, {})
    expect(read).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', setting: secretsFile(folder.path) }),
    )
    expect(read).not.toThrow(text)
  },
)

test('a secret from the environment that is too short is refused without quoting it', () => {
  using folder = newFolder()
  const read = (): unknown => readSecrets(ownSecrets, folder.path, { MILLRACE_WEBHOOK_SECRET: 'hunter2' })
  expect(read).toThrow(expect.objectContaining({ setting: 'MILLRACE_WEBHOOK_SECRET' }))
  expect(read).not.toThrow(/hunter2/)
})

test('the token comes from the environment or the file and is never generated', () => {
  using folder = newFolder()
  loadSecrets(ownSecrets, folder.path, {})
  expect(readToken(folder.path, {})).toBeUndefined()
  writeFileSync(secretsFile(folder.path), '{"version":1,"secrets":{"token":"in-the-file"}}')
  expect(readToken(folder.path, {})).toBe('in-the-file')
  expect(readToken(folder.path, { MILLRACE_TOKEN: 'in-the-environment' })).toBe('in-the-environment')
})

test('of several first starts at once all have the secrets of the one that came first', async () => {
  using folder = newFolder()
  const rounds = 30
  const starters = 3
  const gate = new Int32Array(new SharedArrayBuffer(4 * rounds))
  const source = `
    const { workerData, parentPort } = require('node:worker_threads')
    const { module, root, rounds, starters, gate } = workerData
    import(module).then(({ loadSecrets, ownSecrets }) => {
      const found = []
      for (let round = 0; round < rounds; round++) {
        Atomics.add(gate, round, 1)
        while (Atomics.load(gate, round) < starters);
        found.push(loadSecrets(ownSecrets, root + '/' + round, {}).webhookSecret.value)
      }
      parentPort.postMessage(found)
    })`
  const module = new URL('secrets.ts', import.meta.url).href
  const workerData = { module, root: folder.path, rounds, starters, gate }
  const start = (): Promise<readonly string[]> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(source, {
        eval: true,
        workerData,
        execArgv: ['--conditions=@millrace/source'],
      })
      worker.once('message', resolve).once('error', reject)
    })
  const [first, ...others] = await Promise.all(Array.from({ length: starters }, start))
  for (const other of others) expect(other).toEqual(first)
})

test.each(['two words', 'line\nbreak', 'tök–en–tök'])(
  'a token like %j could not be sent and is refused',
  (token) => {
    using folder = newFolder()
    expect(() => readToken(folder.path, { MILLRACE_TOKEN: token })).toThrow(/MILLRACE_TOKEN.*ASCII/)
    expect(() => readToken(folder.path, { MILLRACE_TOKEN: token })).not.toThrow(token)
  },
)
