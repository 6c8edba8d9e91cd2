import { describe, expect, test } from 'vitest'

import { checksumOf } from './checksum.ts'

// sha256: NIST's "abc"; md5: RFC 1321; xxhash64: the reference implementation's values for seed 0.
const known = [
  ['sha256', 'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['md5', 'abc', '900150983cd24fb0d6963f7d28e17f72'],
  ['xxhash64', '', 'ef46db3751d8e999'],
  ['xxhash64', 'abc', '44bc2cf5ad770999'],
] as const

describe('a checksum', () => {
  test.each(known)('%s of %j', async (algorithm, text, value) => {
    expect(await checksumOf(algorithm, text)).toBe(value)
    expect(await checksumOf(algorithm, Buffer.from(text))).toBe(value)
  })

  test('has all its digits, also where the first are zero', async () => {
    for (let n = 0; n < 200; n++) expect(await checksumOf('xxhash64', `${n}`)).toMatch(/^[0-9a-f]{16}$/)
  })
})
