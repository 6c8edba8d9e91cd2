import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'

/** One step of the schema: a numbered SQL file. */
export interface Migration {
  readonly version: number
  /** The file's name without number and ending. */
  readonly name: string
  readonly sql: string
  /** SHA-256 of the file, so that an edit after its release shows. */
  readonly checksum: string
}

/** Beside both `src` and `dist`, so that one relative address is right for both. */
const folder = new URL('../../sql/', import.meta.url)
const namePattern = /^(\d{4})_([a-z0-9_]+)\.sql$/

/** All migrations of this release, in order. */
export function readMigrations(): readonly Migration[] {
  return readdirSync(folder)
    .toSorted()
    .flatMap((file) => {
      const [, number, name] = namePattern.exec(file) ?? []
      if (number === undefined || name === undefined) return []
      const sql = readFileSync(new URL(file, folder), 'utf8')
      return [
        { version: Number(number), name, sql, checksum: createHash('sha256').update(sql).digest('hex') },
      ]
    })
}
