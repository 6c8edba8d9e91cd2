import { createHash } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { parsePosition } from '@millrace/contracts'

import { ArchiveError } from './archive-error.ts'

/** One file of an archive. */
export interface ArchiveFile {
  /** Below the archive's folder. */
  readonly name: string
  readonly commits: number
  readonly events: number
  /** Places of the first and the last commit in it. */
  readonly first: string
  readonly last: string
  readonly bytes: number
  /** Of the file as it lies there, in hexadecimal digits. */
  readonly sha256: string
}

/** What an archive holds; written last, so that a file it does not name is not of it. */
export interface ArchiveManifest {
  readonly version: 1
  /** Name of the log. */
  readonly log: string
  readonly generation: string
  /** In the order of the log. */
  readonly files: readonly ArchiveFile[]
}

const manifestName = 'archive.json'

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

function isPlace(value: unknown): value is string {
  try {
    return isText(value) && parsePosition(value) !== undefined
  } catch {
    return false
  }
}

function isFile(value: unknown): value is ArchiveFile {
  const file = (value ?? {}) as Readonly<Record<string, unknown>>
  const { name, commits, events, first, last, bytes, sha256 } = file
  if (!isText(name) || !/^events-\d{8}\.jsonl\.gz$/.test(name)) return false
  if (![commits, events, bytes].every(isCount) || !isPlace(first) || !isPlace(last)) return false
  return isText(sha256) && /^[0-9a-f]{64}$/.test(sha256)
}

function parseManifest(text: string, folder: string): ArchiveManifest {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new ArchiveError(folder, `${manifestName} is no JSON`, { cause })
  }
  const { version, log, generation, files } = (value ?? {}) as Readonly<Record<string, unknown>>
  if (version !== 1) throw new ArchiveError(folder, `${manifestName} is of version ${String(version)}, not 1`)
  if (!isText(log) || !isText(generation) || !Array.isArray(files) || !files.every(isFile))
    throw new ArchiveError(folder, `${manifestName} was changed by hand`)
  return { version, log, generation, files }
}

/** Undefined where there is no archive yet. @throws {@link ArchiveError} for what is none of this release */
export async function readManifest(folder: string): Promise<ArchiveManifest | undefined> {
  let text: string
  try {
    text = await readFile(join(folder, manifestName), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  return parseManifest(text, folder)
}

/** Replaces the manifest as a whole: whoever reads it finds the one before or this one. */
export async function writeManifest(folder: string, manifest: ArchiveManifest): Promise<void> {
  const place = join(folder, manifestName)
  await writeFile(`${place}.new`, `${JSON.stringify(manifest, undefined, 2)}\n`, { flush: true })
  await rename(`${place}.new`, place)
}

/** SHA-256 in hexadecimal digits. */
export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Hash of what an archive holds of some commits; files that are added later leave it as it is. */
export function hashOfPart(
  { files }: ArchiveManifest,
  { fromCommit, toCommit }: { readonly fromCommit: number; readonly toCommit: number },
): string {
  return hashOf(Buffer.from(JSON.stringify(filesOfPart(files, { fromCommit, toCommit }))))
}

/** The files with commits from a number to below another. */
export function filesOfPart(
  files: readonly ArchiveFile[],
  { fromCommit, toCommit }: { readonly fromCommit: number; readonly toCommit: number },
): readonly ArchiveFile[] {
  return files.filter(
    ({ first, last }) => parsePosition(first).commit < toCommit && parsePosition(last).commit >= fromCommit,
  )
}
