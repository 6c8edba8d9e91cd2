import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, describe, expect, test } from 'vitest'

import { envKeyProvider } from './env-key-provider.ts'
import { fileKeyProvider } from './file-key-provider.ts'
import { localKeyProvider } from './local-key-provider.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-keys-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const bytes = (fill: number, size = 32): Uint8Array => new Uint8Array(size).fill(fill)
const context = { subject: 'ada', keyId: 'k1' }
const dataKey = bytes(9)
const unavailable: unknown = expect.objectContaining({ code: 'ERR_KEY_UNAVAILABLE' })

describe('a local key provider', () => {
  const provider = localKeyProvider([{ id: 'm1', key: bytes(1) }])

  test('unwraps what it wrapped, for the same subject and key only', async () => {
    const wrapped = await provider.wrap(dataKey, context)
    expect(wrapped.masterKeyId).toBe('m1')
    expect(Buffer.from(wrapped.bytes).includes(Buffer.from(dataKey))).toBe(false)
    expect(await provider.unwrap(wrapped, context)).toEqual(dataKey)
    await expect(provider.unwrap(wrapped, { ...context, subject: 'bob' })).rejects.toThrow(unavailable)
    await expect(provider.unwrap(wrapped, { ...context, keyId: 'k2' })).rejects.toThrow(unavailable)
  })

  test('unwraps nothing that was changed, or that another master key wrapped', async () => {
    const wrapped = await provider.wrap(dataKey, context)
    for (let i = 0; i < wrapped.bytes.length; i++) {
      const changed = Uint8Array.from(wrapped.bytes)
      changed[i] = (changed[i] ?? 0) ^ 1
      await expect(provider.unwrap({ ...wrapped, bytes: changed }, context)).rejects.toThrow(unavailable)
    }
    await expect(provider.unwrap({ ...wrapped, bytes: bytes(0, 3) }, context)).rejects.toThrow(unavailable)
    const other = localKeyProvider([{ id: 'm2', key: bytes(2) }])
    await expect(other.unwrap(wrapped, context)).rejects.toThrow(unavailable)
    const rotated = localKeyProvider([
      { id: 'm2', key: bytes(2) },
      { id: 'm1', key: bytes(1) },
    ])
    expect(await rotated.unwrap(wrapped, context)).toEqual(dataKey)
    expect((await rotated.wrap(dataKey, context)).masterKeyId).toBe('m2')
  })

  test.each([
    ['no key', []],
    ['a short key', [{ id: 'm', key: bytes(1, 31) }]],
    ['a bad id', [{ id: 'a b', key: bytes(1) }]],
    [
      'an id twice',
      [
        { id: 'm', key: bytes(1) },
        { id: 'm', key: bytes(2) },
      ],
    ],
  ])('is refused with %s', (_, keys) => {
    expect(() => localKeyProvider(keys)).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
  })
})

describe('keys from the environment', () => {
  const text = (fill: number): string => Buffer.from(bytes(fill)).toString('base64')

  test('are named, the current one first', async () => {
    const provider = envKeyProvider({ env: { MILLRACE_MASTER_KEYS: `m2:${text(2)}, m1:${text(1)}` } })
    expect(provider.currentId).toBe('m2')
    const old = await localKeyProvider([{ id: 'm1', key: bytes(1) }]).wrap(dataKey, context)
    expect(await provider.unwrap(old, context)).toEqual(dataKey)
  })

  test.each([undefined, '', 'm1', `m1:${text(1)}:x`, 'm1:not base64', `m1:${text(1).slice(4)}`])(
    '%j is refused by the name of its variable, never with its value',
    (value) => {
      expect(() => envKeyProvider({ env: { KEYS: value }, variable: 'KEYS' })).toThrow(
        expect.objectContaining({
          code: 'ERR_CONFIGURATION',
          setting: 'KEYS',
          message: expect.not.stringContaining('AQEB') as string,
        }),
      )
    },
  )
})

describe('keys from a file', () => {
  test('are made once, for the owner only, and found again', async () => {
    const file = join(folder, 'made', 'keys.json')
    expect(() => fileKeyProvider(file)).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
    const wrapped = await fileKeyProvider(file, { create: true }).wrap(dataKey, context)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await fileKeyProvider(file, { create: true }).unwrap(wrapped, context)).toEqual(dataKey)
    expect((JSON.parse(readFileSync(file, 'utf8')) as { keys: unknown[] }).keys).toHaveLength(1)
  })

  test('are refused where others may read them', () => {
    const file = join(folder, 'open.json')
    fileKeyProvider(file, { create: true })
    chmodSync(file, 0o644)
    expect(() => fileKeyProvider(file)).toThrow(/chmod 600/)
  })

  test.each([
    '',
    '{}',
    '[]',
    'null',
    '{"version":2,"keys":[]}',
    '{"version":1,"keys":[]}',
    '{"version":1,"keys":[{"id":"m"}]}',
    '{"version":1,"keys":[{"id":"m","key":"SECRET"}]}',
  ])('%j is refused without what it says', (content) => {
    const file = join(folder, 'bad.json')
    writeFileSync(file, content, { mode: 0o600 })
    expect(() => fileKeyProvider(file)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIGURATION',
        setting: file,
        message: expect.not.stringContaining('SECRET') as string,
      }),
    )
  })
})
