import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

import { checkWhole, failpoint, formatPosition, InvalidValueError, parsePosition } from '@millrace/contracts'
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
  /**
   * About so many events in a file, 1 to 1,000,000, and fewer where they come to more than 32 MB before compression; a
   * commit is never split. @defaultValue 50_000
   */
  readonly eventsPerFile?: number
  /** `total` are the events that are left of the log: more than what is archived, where the rest is too young. */
  readonly onProgress?: (progress: { readonly events: number; readonly total: number }) => void
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
/** Of a file, before compression: a file is made and read in memory. */
const mostCharacters = 33_554_432

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
  #characters = 0
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

  isFull(eventsPerFile: number): boolean {
    return this.#lines.length >= eventsPerFile || this.#characters >= mostCharacters
  }

  async add({ position, events }: SourceCommit): Promise<void> {
    for (const event of events) {
      const line = await formatLine(event, this.#source)
      this.#lines.push(line)
      this.#characters += line.length
    }
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
    ;[this.#lines, this.#characters, this.#commits] = [[], 0, 0]
    ;[this.#first, this.#last] = [undefined, undefined]
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
    const { records: total } = await source.log.lag(after)
    const reading = { after, until: await source.log.head(), batchSize, signal }
    for await (const { commits } of readCommits(source, reading)) {
      for (const commit of commits) {
        // The log is in order of its commits: the first that is too young ends what may go.
        if ((commit.events[0]?.recordedAt ?? before) >= before) return await this.#finish()
        await this.#writer.add(commit)
        if (this.#writer.isFull(eventsPerFile)) await this.#finish()
      }
      this.#options.onProgress?.({ events: this.#report.events + this.#writer.events, total })
      if (signal?.aborted === true) return
    }
    await this.#finish()
  }

  /** @throws {@link ArchiveError} where another run has added to the archive since: their files would have the same names */
  async #assertAlone(): Promise<void> {
    const { folder } = this.#options
    const found = await readManifest(folder)
    if ((found?.files.length ?? 0) === this.#manifest.files.length) return
    throw new ArchiveError(folder, 'another run adds to it')
  }

  async #finish(): Promise<void> {
    await this.#assertAlone()
    const file = await this.#writer.finish(this.#manifest.files.length + 1)
    if (file === undefined) return
    const next = { ...this.#manifest, files: [...this.#manifest.files, file] }
    await failpoint('archive:before-manifest')
    await this.#assertAlone()
    await writeManifest(this.#options.folder, next)
    this.#manifest = next
    await failpoint('archive:after-manifest')
    const { files, commits, events } = this.#report
    this.#report = { files: files + 1, commits: commits + file.commits, events: events + file.events }
  }
}

function checkOptions({ before, eventsPerFile = defaultEventsPerFile }: ArchiveOptions): void {
  checkWhole('options.eventsPerFile', eventsPerFile, { min: 1, max: mostEventsPerFile })
  // No event is as young as a time that is none: all would go.
  if (Number.isNaN(before.getTime())) throw new InvalidValueError('options.before', 'a valid Date')
}

/**
 * Writes the older part of a log to files, whole commits in their order, byte for byte as they are stored. Run again, it
 * goes on where the archive ends, also after a kill. The log stays as it is.
 *
 * @throws {@link ArchiveError} where the folder holds the archive of another log; {@link InvalidValueError}
 */
export async function archiveLog(options: ArchiveOptions): Promise<ArchiveReport> {
  const { source, folder } = options
  checkOptions(options)
  await mkdir(folder, { recursive: true })
  const { generation } = await source.log.beginning()
  const run = new ArchiveRun(options, await begun(folder, source, generation))
  await run.run()
  return run.report
}
