import { promisify } from 'node:util'
import {
  gunzip,
  gunzipSync,
  gzip,
  gzipSync,
  zstdCompress,
  zstdCompressSync,
  zstdDecompress,
  zstdDecompressSync,
} from 'node:zlib'

import type { SnapshotCompression } from '@millrace/contracts'

/** A small state is packed faster than a thread of the pool is asked; a large one must not stop the process. */
const smallBytes = 32_768

/** No state is larger unpacked: a damaged or malicious one must not fill the memory. */
const limits = { maxOutputLength: 268_435_456 }

const packing = {
  gzip: { now: gzipSync, later: promisify(gzip) },
  zstd: { now: zstdCompressSync, later: promisify(zstdCompress) },
} as const

const unpacking = {
  gzip: { now: gunzipSync, later: promisify<Uint8Array, typeof limits, Buffer>(gunzip) },
  zstd: { now: zstdDecompressSync, later: promisify<Uint8Array, typeof limits, Buffer>(zstdDecompress) },
} as const

/** Makes bytes smaller. */
export async function compress(bytes: Uint8Array, compression: SnapshotCompression): Promise<Uint8Array> {
  if (compression === 'none') return bytes
  const { now, later } = packing[compression]
  return bytes.byteLength <= smallBytes ? now(bytes) : await later(bytes)
}

/** Undoes {@link compress}. Throws on bytes that it did not write, or that are not whole. */
export async function decompress(bytes: Uint8Array, compression: SnapshotCompression): Promise<Uint8Array> {
  if (compression === 'none') return bytes
  const { now, later } = unpacking[compression]
  return bytes.byteLength <= smallBytes ? now(bytes, limits) : await later(bytes, limits)
}
