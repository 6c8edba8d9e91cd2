import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

import { checkWhole, formatPosition, parsePosition } from '@millrace/contracts'
import type { EventStore, Position } from '@millrace/contracts'

import { readCommits } from '../copy/source-commits.ts'
import type { SourceCommit } from '../copy/source-commits.ts'
import { ArchiveError } from './archive-error.ts'
import { formatLine } from './archive-lines.ts'
import { hashOf, readManifest, writeManifest } from './manifest.ts'
import type { ArchiveFile, ArchiveManifest } from './manifest.ts'

const compress = promisify(gzip)

/** Settings of {@link archiveLog}. */
export interface ArchiveOptions {
  /** Only ever read. */
  readonly source: EventStore
  /** Created where it is missing; one that holds an archive of this log is added to. */
  readonly folder: string
  /** Only commits recorded before that. */
  readonly before: Date
  /** About so many events in a file, 1 to 1,000,000; a commit is never split. @defaultValue 50_000 */
  readonly eventsPerFile?: number
  readonly onProgress?: (progress: { readonly events: number }) => void
  /** Stops between two files; what was written stays, and the next run goes on behind it. */
  readonly signal?: AbortSignal
}

/** What a run added. */
export interface ArchiveReport {
  readonly files: number
  readonly commits: number
  readonly events: number
  /** Place of the last commit in the archive; undefined while it is empty. */
  readonly reached: Position | undefined
}

const defaultEventsPerFile = 50_000
const mostEventsPerFile = 1_000_000
const batchSize = 5_000

/** The archive as it is. @throws {@link ArchiveError} where it is of another log */
async function begun(folder: string, source: EventStore, generation: string): Promise<ArchiveManifest> {
  const found = await readManifest(folder)
  if (found === undefined) return { version: 1, log: source.log.name, generation, files: [] }
  if (found.generation === generation) return found
  throw new ArchiveError(
    folder,
    `it is of log ${found.log}, generation ${found.generation}, not ${generation}`,
  )
}

/** Gathers commits until they are a file. */
class FileWriter {
  readonly #folder: string
  readonly #source: EventStore
  #lines: string[] = []
  #commits = 0
  #first: Position | undefined
  #last: Position | undefined

  constructor(folder: string, source: EventStore) {
    this.#folder = folder
    this.#source = source
  }

  get events(): number {
    return this.#lines.length
  }

  async add({ position, events }: SourceCommit): Promise<void> {
    for (const event of events) this.#lines.push(await formatLine(event, this.#source))
    this.#commits += 1
    this.#first ??= position
    this.#last = events.at(-1)?.position ?? position
  }

  /** Undefined where there is nothing to write. */
  async finish(number: number): Promise<ArchiveFile | undefined> {
    const [first, last] = [this.#first, this.#last]
    if (first === undefined || last === undefined) return undefined
    const bytes = await compress(`${this.#lines.join('\n')}\n`)
    const name = `events-${String(number).padStart(8, '0')}.jsonl.gz`
    await writeFile(join(this.#folder, name), bytes, { flush: true })
    const file = {
      name,
      commits: this.#commits,
      events: this.#lines.length,
      first: formatPosition(first),
      last: formatPosition(last),
      bytes: bytes.byteLength,
      sha256: hashOf(bytes),
    }
    ;[this.#lines, this.#commits, this.#first, this.#last] = [[], 0, undefined, undefined]
    return file
  }
}

/** Adds files to an archive, each named in the manifest once it is written. */
class ArchiveRun {
  readonly #options: ArchiveOptions
  readonly #writer: FileWriter
  #manifest: ArchiveManifest
  #report = { files: 0, commits: 0, events: 0 }

  constructor(options: ArchiveOptions, manifest: ArchiveManifest) {
    this.#options = options
    this.#manifest = manifest
    this.#writer = new FileWriter(options.folder, options.source)
  }

  get report(): ArchiveReport {
    const last = this.#manifest.files.at(-1)?.last
    return { ...this.#report, reached: last === undefined ? undefined : parsePosition(last) }
  }

  async run(): Promise<void> {
    const { source, before, signal, eventsPerFile = defaultEventsPerFile } = this.#options
    const last = this.#manifest.files.at(-1)?.last
    const after = last === undefined ? await source.log.beginning() : parsePosition(last)
    const reading = { after, until: await source.log.head(), batchSize, signal }
    for await (const { commits } of readCommits(source, reading)) {
      for (const commit of commits) {
        // The log is in order of its commits: the first that is too young ends what may go.
        if ((commit.events[0]?.recordedAt ?? before) >= before) return await this.#finish()
        await this.#writer.add(commit)
        if (this.#writer.events >= eventsPerFile) await this.#finish()
      }
      if (signal?.aborted === true) return
    }
    await this.#finish()
  }

  async #finish(): Promise<void> {
    const file = await this.#writer.finish(this.#manifest.files.length + 1)
    if (file === undefined) return
    this.#manifest = { ...this.#manifest, files: [...this.#manifest.files, file] }
    await writeManifest(this.#options.folder, this.#manifest)
    const { files, commits, events } = this.#report
    this.#report = { files: files + 1, commits: commits + file.commits, events: events + file.events }
    this.#options.onProgress?.({ events: this.#report.events })
  }
}

/**
 * Writes the older part of a log to files, whole commits in their order, byte for byte as they are stored. Run again, it
 * goes on where the archive ends, also after a kill. The log stays as it is.
 *
 * @throws {@link ArchiveError} where the folder holds the archive of another log; {@link InvalidValueError}
 */
export async function archiveLog(options: ArchiveOptions): Promise<ArchiveReport> {
  const { source, folder, eventsPerFile = defaultEventsPerFile } = options
  checkWhole('options.eventsPerFile', eventsPerFile, { min: 1, max: mostEventsPerFile })
  await mkdir(folder, { recursive: true })
  const { generation } = await source.log.beginning()
  const run = new ArchiveRun(options, await begun(folder, source, generation))
  await run.run()
  return run.report
}
