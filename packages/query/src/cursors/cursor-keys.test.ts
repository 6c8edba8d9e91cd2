import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { createCursorKeys } from './cursor-keys.ts'
import type { CursorKeysOptions } from './cursor-keys.ts'

const key = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)
const [first, second] = [
  { id: 'k1', key: key(1) },
  { id: 'k2', key: key(2) },
]
const at = Date.UTC(2026, 10, 21)
const open = (options: Partial<CursorKeysOptions> = {}) =>
  createCursorKeys({ current: first, now: () => at, ...options })
const invalid: unknown = expect.objectContaining({ code: 'ERR_INVALID_CURSOR' })

describe('a cursor', () => {
  test('gives back its place, whatever it holds', () => {
    const keys = open()
    for (const place of ['', '["a",null]', 'é😀\u0000', 'x'.repeat(5000)])
      expect(keys.open('scope', keys.seal('scope', place))).toBe(place)
  })

  test('may hold a place as long as rows have it, and none that could not be read again', () => {
    const keys = open()
    const long = 'x'.repeat(500_000)
    expect(keys.open('scope', keys.seal('scope', long))).toBe(long)
    expect(() => keys.seal('scope', long.repeat(2))).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_VALUE', field: 'order' }),
    )
  })

  test('is refused with any byte changed, and any bit of its text', () => {
    const keys = open()
    const cursor = keys.seal('scope', '["Ada","17"]')
    const bytes = Buffer.from(cursor, 'base64url')
    for (let i = 0; i < bytes.length; i++)
      for (let bit = 0; bit < 8; bit++) {
        const changed = Buffer.from(bytes)
        changed.writeUInt8(changed.readUInt8(i) ^ (1 << bit), i)
        expect(() => keys.open('scope', changed.toString('base64url'))).toThrow(invalid)
      }
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    for (let i = 0; i < cursor.length; i++)
      for (const other of Array.from(alphabet).filter((character) => character !== cursor[i]))
        expect(() => keys.open('scope', cursor.slice(0, i) + other + cursor.slice(i + 1))).toThrow(invalid)
  })

  test('is refused cut short, made longer, or written otherwise', () => {
    const keys = open()
    const cursor = keys.seal('scope', 'place')
    for (let length = 0; length < cursor.length; length++)
      expect(() => keys.open('scope', cursor.slice(0, length))).toThrow(invalid)
    for (const text of [`${cursor}A`, `${cursor}=`, ` ${cursor}`, `${cursor}\n`, 'x'.repeat(20_000), '%'])
      expect(() => keys.open('scope', text)).toThrow(invalid)
    expect(() => keys.open('scope', 7 as never)).toThrow(invalid)
  })

  test('is refused in another scope', () => {
    const keys = open()
    expect(() => keys.open('scope ', keys.seal('scope', 'place'))).toThrow(invalid)
  })

  test('expires', () => {
    let now = at
    const keys = open({ lifetimeMs: 1000, now: () => now })
    const cursor = keys.seal('scope', 'place')
    now = at + 999
    expect(keys.open('scope', cursor)).toBe('place')
    now = at + 1000
    expect(() => keys.open('scope', cursor)).toThrow(/expired/)
  })
})

describe('the keys of cursors', () => {
  test('may change: cursors of an earlier key verify until they expire', () => {
    let now = at
    const cursor = open({ lifetimeMs: 1000 }).seal('scope', 'place')
    const rotated = open({ current: second, earlier: [first], now: () => now })
    expect(rotated.open('scope', cursor)).toBe('place')
    now = at + 1000
    expect(() => rotated.open('scope', cursor)).toThrow(/expired/)
  })

  test('sign with the current one only', () => {
    const cursor = open({ current: second, earlier: [first] }).seal('scope', 'place')
    expect(() => open().open('scope', cursor)).toThrow(invalid)
    expect(open({ current: second }).open('scope', cursor)).toBe('place')
  })

  test('verify no cursor of an earlier key where rotation is not allowed', () => {
    const cursor = open().seal('scope', 'place')
    const strict = open({ current: second, earlier: [first], allowRotation: false })
    expect(() => strict.open('scope', cursor)).toThrow(invalid)
  })

  test('are told apart by their bytes too: the same id under another key is refused', () => {
    const cursor = open().seal('scope', 'place')
    expect(() => open({ current: { id: 'k1', key: key(9) } }).open('scope', cursor)).toThrow(invalid)
  })

  test('may be key objects', () => {
    const secret = createSecretKey(randomBytes(32))
    const keys = open({ current: { id: 'k', key: secret } })
    expect(keys.open('s', keys.seal('s', 'place'))).toBe('place')
  })

  test.each<[string, Partial<CursorKeysOptions>]>([
    ['current.key', { current: { id: 'k', key: new Uint8Array(31) } }],
    ['current.key', { current: { id: 'k', key: generateKeyPairSync('ed25519').privateKey } }],
    ['current.id', { current: { id: '', key: key(1) } }],
    ['current.id', { current: { id: 'a b', key: key(1) } }],
    ['earlier[0].id', { earlier: [first] }],
    ['lifetimeMs', { lifetimeMs: 0 }],
    ['lifetimeMs', { lifetimeMs: Number.NaN }],
  ])('are checked: %s', (setting, options) => {
    expect(() => open(options)).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION', setting }))
  })
})

test('cursors of version 1 are read by every later release', () => {
  const golden = JSON.parse(
    readFileSync(new URL('../../golden/v1/cursors.json', import.meta.url), 'utf8'),
  ) as readonly { readonly scope: string; readonly place: string; readonly cursor: string }[]
  const keys = open({ lifetimeMs: 86_400_000 })
  expect(golden.length).toBeGreaterThan(2)
  for (const { scope, place, cursor } of golden) {
    expect(keys.seal(scope, place)).toBe(cursor)
    expect(keys.open(scope, cursor)).toBe(place)
  }
})
