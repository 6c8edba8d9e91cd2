import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

import { DataFolderCorruptError } from '@millrace/contracts'

import { FolderLock, isLockFile } from './folder-lock.ts'

/** Written once the database was created in full; without it nothing in the folder is opened or replaced. */
const markerName = 'millrace.json'
const databaseName = 'pg'
const creatingName = 'pg.creating'
const marker = { format: 1, engine: 'pglite', postgres: 18 } as const

/** What a cluster of any age has; without one of them the engine would start an empty one in its place. */
const clusterFiles = ['PG_VERSION', 'global/pg_control', 'base', 'pg_wal', 'pg_xact']

/** A folder this process owns until disposal, with a whole database in it or none. */
export class DataFolder implements Disposable {
  readonly path: string
  readonly #lock: FolderLock

  private constructor(path: string, lock: FolderLock) {
    this.path = path
    this.#lock = lock
  }

  /**
   * Creates the folder where it is missing and takes it over exclusively.
   * @throws {@link DataFolderLockedError} and {@link DataFolderCorruptError}; then nothing in it was changed
   */
  static open(path: string): DataFolder {
    prepare(path)
    const folder = new DataFolder(path, FolderLock.acquire(path))
    try {
      folder.#check()
      return folder
    } catch (error) {
      folder[Symbol.dispose]()
      throw error
    }
  }

  /** The database's own folder; exists once it is complete. */
  get database(): string {
    return join(this.path, databaseName)
  }

  get hasDatabase(): boolean {
    return existsSync(this.database)
  }

  /** Builds the database beside its place and moves it there; a crash on the way leaves nothing that counts. */
  async create(build: (path: string) => Promise<void>): Promise<void> {
    const creating = join(this.path, creatingName)
    rmSync(creating, { recursive: true, force: true })
    await build(creating)
    writeFileSync(join(creating, markerName), JSON.stringify(marker))
    renameSync(creating, this.database)
    this.#mark()
  }

  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]()
  }

  #check(): void {
    if (!this.hasDatabase) {
      if (existsSync(join(this.path, markerName)))
        throw new DataFolderCorruptError(this.path, `its database, the folder ${databaseName}, is missing`)
      return
    }
    checkMarker(this.path, join(this.database, markerName))
    for (const name of clusterFiles)
      if (!existsSync(join(this.database, name)))
        throw new DataFolderCorruptError(this.path, `${databaseName}/${name} is missing`)
    // Missing after a crash directly before it would have been written.
    if (!existsSync(join(this.path, markerName))) this.#mark()
  }

  #mark(): void {
    const temporary = join(this.path, `${markerName}.tmp`)
    writeFileSync(temporary, JSON.stringify(marker))
    renameSync(temporary, join(this.path, markerName))
  }
}

const ownNames = new Set<string>([markerName, `${markerName}.tmp`, databaseName, creatingName])

/** Runs before the lock, which would leave a file of ours in a folder of somebody else. */
function prepare(path: string): void {
  if (existsSync(path) && !statSync(path).isDirectory())
    throw new DataFolderCorruptError(path, 'it is not a folder')
  mkdirSync(path, { recursive: true })
  const foreign = readdirSync(path).find((name) => !ownNames.has(name) && !isLockFile(name))
  if (foreign !== undefined && !existsSync(join(path, databaseName)))
    throw new DataFolderCorruptError(
      path,
      `it holds ${foreign} and no database of ours; choose an empty folder`,
    )
}

function checkMarker(path: string, file: string): void {
  const found = readMarker(file)
  if (found === undefined)
    throw new DataFolderCorruptError(path, `${databaseName}/${markerName} is missing or unreadable`)
  if (found.format !== marker.format || found.engine !== marker.engine || found.postgres !== marker.postgres)
    throw new DataFolderCorruptError(path, `it was written by another release: ${JSON.stringify(found)}`)
}

function readMarker(file: string): Partial<Record<keyof typeof marker, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
