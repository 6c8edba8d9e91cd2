import { ConfigurationError } from '@millrace/contracts'
import { installCapture, repairCapture } from '@millrace/postgres'
import type { InstallCaptureOptions, SqlDatabase } from '@millrace/postgres'

/** A table whose changes an app reads. */
export interface AppCapture extends Pick<InstallCaptureOptions, 'table' | 'name' | 'exclude' | 'tenant'> {
  /** The column that names the data subject of a row, whose changes are erased with it. @defaultValue none */
  readonly subject?: string
}

const findColumn = `
  select 1 as found from pg_attribute
  where attrelid = to_regclass($1) and attname = $2 and attnum > 0 and not attisdropped`

/** By a column that is not in what is recorded nobody would ever be found, and an erasure would leave all of it. */
async function checkSubject(
  { table, subject, exclude = [] }: AppCapture,
  database: SqlDatabase,
): Promise<void> {
  if (subject === undefined) return
  const found = await database.query(findColumn, [table, subject])
  if (found.length === 0 || exclude.includes(subject))
    throw new ConfigurationError('subject', `must be a captured column; ${JSON.stringify(subject)} is not`)
}

/**
 * Sees to it that the tables are captured as the definition says: installs what is not there, and repairs what does not fit its
 * table any more.
 * @throws {@link ConfigurationError} naming the table
 */
export async function installCaptures(captures: readonly AppCapture[], database: SqlDatabase): Promise<void> {
  for (const capture of captures) {
    try {
      const { name, faults } = await installCapture(database, capture)
      if (faults.length > 0) await repairCapture(database, { name })
      await checkSubject(capture, database)
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      throw new ConfigurationError(`captures: ${capture.table}`, error.message, { cause: error })
    }
  }
}
