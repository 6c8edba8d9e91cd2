import { randomBytes } from 'node:crypto'

import { describe, expect, test } from 'vitest'

import { compress, decompress } from './compression.ts'

const sizes = [0, 1, 32_768, 32_769, 1_000_000]

describe.each(['none', 'gzip', 'zstd'] as const)('compression %s', (compression) => {
  test.each(sizes)('of %i bytes gives them back', async (size) => {
    for (const bytes of [randomBytes(size), Buffer.alloc(size, 'a')])
      expect(Buffer.from(await decompress(await compress(bytes, compression), compression))).toEqual(bytes)
  })
})

describe.each(['gzip', 'zstd'] as const)('compression %s', (compression) => {
  test('makes what repeats itself smaller', async () => {
    expect((await compress(Buffer.alloc(100_000, 'ab'), compression)).byteLength).toBeLessThan(1000)
  })

  test.each([100, 100_000])('refuses %i bytes that are cut off', async (size) => {
    const packed = await compress(randomBytes(size), compression)
    await expect(decompress(packed.subarray(0, packed.byteLength >> 1), compression)).rejects.toThrow(
      /end of|corrupt|incorrect/i,
    )
  })

  test('refuses what would not end', { timeout: 60_000 }, async () => {
    let bomb: Uint8Array = Buffer.alloc(300_000_000)
    bomb = await compress(bomb, compression)
    await expect(decompress(bomb, compression)).rejects.toThrow(/larger|length|memory/i)
  })
})
