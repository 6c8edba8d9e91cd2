import { hash } from 'node:crypto'

import type { SnapshotChecksumAlgorithm } from '@millrace/contracts'
import xxhash from 'xxhash-wasm'
import type { XXHashAPI } from 'xxhash-wasm'

let loading: Promise<XXHashAPI> | undefined

async function xxhash64(bytes: Uint8Array): Promise<string> {
  // Compiled at the first use: most processes never need it.
  const hasher = await (loading ??= xxhash())
  return hasher.h64Raw(bytes).toString(16).padStart(16, '0')
}

/** The checksum of bytes, or of a text's UTF-8 form, in lower-case hexadecimal digits. */
export async function checksumOf(
  algorithm: SnapshotChecksumAlgorithm,
  content: string | Uint8Array,
): Promise<string> {
  if (algorithm !== 'xxhash64') return hash(algorithm, content, 'hex')
  return await xxhash64(typeof content === 'string' ? Buffer.from(content) : content)
}
