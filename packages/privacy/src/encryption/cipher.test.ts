import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { DataKey } from '../keys/data-key.ts'
import { open, seal } from './cipher.ts'

const keyOf = (fill: number, subject = 'ada'): DataKey =>
  new DataKey(subject, 'k1', new Uint8Array(32).fill(fill))
const binding = ['millrace-event-1', 'customer-ada', 1, null]
const failed: unknown = expect.objectContaining({ code: 'ERR_DECRYPTION_FAILED' })

describe('sealed bytes', () => {
  test('open to what they were, text as text and bytes as bytes', () => {
    for (const plain of ['', '{"a":"é😀"}', new Uint8Array(), new Uint8Array([0, 255])])
      expect(open(keyOf(1), binding, seal(keyOf(1), binding, plain), 'it')).toEqual(plain)
  })

  test('are the same for the same content in the same place, and share no nonce with any other', () => {
    const one = seal(keyOf(1), binding, 'a')
    expect(seal(keyOf(1), binding, 'a')).toEqual(one)
    const others = [
      seal(keyOf(1), binding, 'b'),
      seal(keyOf(1), [...binding, 1], 'a'),
      seal(keyOf(1), binding, new Uint8Array([97])),
      seal(keyOf(2), binding, 'a'),
      seal(keyOf(1, 'bob'), binding, 'a'),
    ]
    const nonces = [one, ...others].map((sealed) => Buffer.from(sealed.subarray(2, 14)).toString('hex'))
    expect(new Set(nonces).size).toBe(nonces.length)
  })

  test('open with no other key, subject or binding, and with no bit changed', () => {
    const sealed = seal(keyOf(1), binding, 'secret')
    expect(() => open(keyOf(2), binding, sealed, 'it')).toThrow(failed)
    expect(() => open(keyOf(1, 'bob'), binding, sealed, 'it')).toThrow(failed)
    expect(() => open(keyOf(1), ['other'], sealed, 'it')).toThrow(failed)
    for (let i = 0; i < sealed.length; i++)
      for (let bit = 0; bit < 8; bit++) {
        const changed = Uint8Array.from(sealed)
        changed[i] = (changed[i] ?? 0) ^ (1 << bit)
        expect(() => open(keyOf(1), binding, changed, 'it')).toThrow(failed)
      }
    for (let length = 0; length < sealed.length; length++)
      expect(() => open(keyOf(1), binding, sealed.subarray(0, length), 'it')).toThrow(failed)
  })

  test('of a destroyed key are neither made nor opened', () => {
    const key = keyOf(1)
    const sealed = seal(key, binding, 'a')
    key.destroy()
    const erased: unknown = expect.objectContaining({ code: 'ERR_SUBJECT_ERASED' })
    expect(() => seal(key, binding, 'a')).toThrow(erased)
    expect(() => open(key, binding, sealed, 'it')).toThrow(erased)
  })
})

test('sealed bytes of version 1 are read by every later release', () => {
  const golden = JSON.parse(
    readFileSync(new URL('../../golden/v1/sealed.json', import.meta.url), 'utf8'),
  ) as readonly {
    readonly binding: (string | number | null)[]
    readonly plain: string
    readonly sealed: string
  }[]
  expect(golden.length).toBeGreaterThan(1)
  for (const { binding: place, plain, sealed } of golden) {
    const bytes = new Uint8Array(Buffer.from(sealed, 'base64'))
    expect(open(keyOf(1), place, bytes, 'it')).toBe(plain)
    expect(Buffer.from(seal(keyOf(1), place, plain)).toString('base64')).toBe(sealed)
  }
})
