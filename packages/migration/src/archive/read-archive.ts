import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

import { comparePositions, formatPosition, parsePosition } from '@millrace/contracts'
import type { CopiedCommit, Position } from '@millrace/contracts'

import { ArchiveError } from './archive-error.ts'
import { commitOf, parseLine } from './archive-lines.ts'
import type { ArchivedEvent } from './archive-lines.ts'
import { hashOf, readManifest } from './manifest.ts'
import type { ArchiveFile, ArchiveManifest } from './manifest.ts'

const decompress = promisify(gunzip)

/** What an archive that is sound holds. */
export interface ArchiveSummary {
  readonly log: string
  readonly generation: string
  readonly files: number
  readonly commits: number
  readonly events: number
  /** Places of the first and the last commit; undefined while it is empty. */
  readonly first: Position | undefined
  readonly last: Position | undefined
}

/** Settings of {@link verifyArchive}. */
export interface VerifyArchiveOptions {
  readonly onProgress?: (progress: { readonly events: number; readonly total: number }) => void
  /** Stops between two files. */
  readonly signal?: AbortSignal
}

/** @throws {@link ArchiveError} where there is none */
export async function openManifest(folder: string): Promise<ArchiveManifest> {
  const manifest = await readManifest(folder)
  if (manifest === undefined) throw new ArchiveError(folder, 'there is none')
  return manifest
}

/** The lines of one file. @throws {@link ArchiveError} where it is not what was written */
export async function linesOf(
  folder: string,
  { name, bytes, sha256 }: ArchiveFile,
): Promise<readonly string[]> {
  let content: Buffer
  try {
    content = await readFile(join(folder, name))
  } catch (cause) {
    throw new ArchiveError(folder, `${name} cannot be read`, { cause })
  }
  if (content.byteLength !== bytes || hashOf(content) !== sha256)
    throw new ArchiveError(folder, `${name} is not what was written`)
  return (await decompress(content)).toString('utf8').trimEnd().split('\n')
}

/** An event of a file. @throws {@link ArchiveError} */
export function parsed(folder: string, { name }: ArchiveFile, line: string): ArchivedEvent {
  try {
    return parseLine(line)
  } catch (cause) {
    throw new ArchiveError(folder, `${name} holds what is no event`, { cause })
  }
}

/** The commits of one file, in their order. @throws {@link ArchiveError} for anything that is not what the manifest says */
export async function commitsOf(folder: string, file: ArchiveFile): Promise<readonly CopiedCommit[]> {
  const events = (await linesOf(folder, file)).map((line) => parsed(folder, file, line))
  const commits = [...Map.groupBy(events, ({ event }) => event.position.commit).values()].map(commitOf)
  const [first, last] = [events[0]?.event.position, events.at(-1)?.event.position]
  const isWhole =
    events.length === file.events &&
    commits.length === file.commits &&
    first !== undefined &&
    last !== undefined &&
    formatPosition(first) === file.first &&
    formatPosition(last) === file.last
  if (!isWhole) throw new ArchiveError(folder, `${file.name} does not hold what the manifest says`)
  return commits
}

function checkOrder(folder: string, { files, generation }: ArchiveManifest): void {
  let at: Position | undefined
  for (const { name, first, last } of files) {
    const [from, to] = [parsePosition(first), parsePosition(last)]
    const follows = at === undefined || comparePositions(at, from) < 0
    if (from.generation !== generation || !follows || comparePositions(from, to) > 0)
      throw new ArchiveError(folder, `${name} is out of order`)
    at = to
  }
}

/** Reads every file of an archive and compares it with its manifest. @throws {@link ArchiveError} naming the first bad file */
export async function verifyArchive(
  folder: string,
  { onProgress, signal }: VerifyArchiveOptions = {},
): Promise<ArchiveSummary> {
  const manifest = await openManifest(folder)
  checkOrder(folder, manifest)
  let events = 0
  const total = manifest.files.reduce((sum, file) => sum + file.events, 0)
  for (const file of manifest.files) {
    signal?.throwIfAborted()
    await commitsOf(folder, file)
    events += file.events
    onProgress?.({ events, total })
  }
  return summaryOf(manifest)
}

/** What an archive says of itself; undefined where there is none. Nothing of it is read. @throws {@link ArchiveError} */
export async function describeArchive(folder: string): Promise<ArchiveSummary | undefined> {
  const manifest = await readManifest(folder)
  return manifest && summaryOf(manifest)
}

function summaryOf({ log, generation, files }: ArchiveManifest): ArchiveSummary {
  const [first, last] = [files[0]?.first, files.at(-1)?.last]
  return {
    log,
    generation,
    files: files.length,
    commits: files.reduce((sum, file) => sum + file.commits, 0),
    events: files.reduce((sum, file) => sum + file.events, 0),
    first: first === undefined ? undefined : parsePosition(first),
    last: last === undefined ? undefined : parsePosition(last),
  }
}
