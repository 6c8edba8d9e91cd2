import { resolve } from 'node:path'

import { PGlite } from '@electric-sql/pglite'
import type { PGliteOptions } from '@electric-sql/pglite'
import { ConfigurationError, DataFolderCorruptError } from '@millrace/contracts'

import { clusterTemplate } from '../data-folder/cluster-template.ts'
import { DataFolder } from '../data-folder/data-folder.ts'
import { PgliteDatabase } from './pglite-database.ts'
import type { SqlDatabase } from './sql-database.ts'
import { allParsers } from './sql-values.ts'

/** Where an embedded database lives: in a folder of its own, or in memory and gone when it is closed. */
export type PgliteLocation = { readonly dataDir: string } | 'memory'

const settings: PGliteOptions = { parsers: allParsers() }

async function openFolder(path: string): Promise<SqlDatabase> {
  const folder = DataFolder.open(path)
  try {
    if (!folder.hasDatabase) await folder.create(buildCluster)
    const engine = await PGlite.create(folder.database, settings)
    return new PgliteDatabase({
      engine,
      label: `embedded database in ${path}`,
      release: async () => folder[Symbol.dispose](),
    })
  } catch (error) {
    folder[Symbol.dispose]()
    if (error instanceof DataFolderCorruptError || error instanceof ConfigurationError) throw error
    throw new DataFolderCorruptError(path, error instanceof Error ? error.message : String(error), {
      cause: error,
    })
  }
}

async function buildCluster(path: string): Promise<void> {
  const engine = await PGlite.create(path, await clusterTemplate())
  await engine.exec('checkpoint')
  await engine.close()
}

/**
 * Opens an embedded Postgres (PGlite). One process owns a data folder at a time. What was committed survives the
 * death of the process, kill -9 included; it may not survive a power loss.
 *
 * A new database takes seconds to make; as a copy of the file that `MILLRACE_PGLITE_TEMPLATE` names (an unused database of
 * the same version of PGlite, by its `dumpDataDir('none')`), a fraction of one.
 *
 * @throws {@link DataFolderLockedError} with the pid while another process has it open
 * @throws {@link DataFolderCorruptError} for a folder that holds anything but a whole database of ours
 */
export async function openPglite(location: PgliteLocation): Promise<SqlDatabase> {
  if (location !== 'memory') return await openFolder(resolve(location.dataDir))
  const engine = await PGlite.create({ ...settings, ...(await clusterTemplate()) })
  return new PgliteDatabase({ engine, label: 'embedded database in memory', release: async () => undefined })
}
