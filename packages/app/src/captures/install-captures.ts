import { ConfigurationError } from '@millrace/contracts'
import { installCapture, repairCapture } from '@millrace/postgres'
import type { InstallCaptureOptions, SqlDatabase } from '@millrace/postgres'

/** A table whose changes an app reads. */
export interface AppCapture extends Pick<InstallCaptureOptions, 'table' | 'name' | 'exclude' | 'tenant'> {
  /** The column that names the data subject of a row, whose changes are erased with it. @defaultValue none */
  readonly subject?: string
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
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      throw new ConfigurationError(`captures: ${capture.table}`, error.message, { cause: error })
    }
  }
}
