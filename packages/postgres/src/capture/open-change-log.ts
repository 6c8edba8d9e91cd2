import { checkWhole } from '@millrace/contracts'
import type { EventLog, StoredEvent } from '@millrace/contracts'

import { prepareSchema } from '../migrations/migrate.ts'
import { defaultSchema, parseSchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import type { CaptureOptions } from './captures.ts'
import { ChangeLog } from './change-log.ts'
import { changeTexts } from './change-texts.ts'

/** Settings of {@link openChangeLog}. */
export interface ChangeLogOptions extends CaptureOptions {
  /** Stays open when the log is closed. */
  readonly database: SqlDatabase
  /**
   * The largest change, old and new row together, in bytes. A larger one is handed out without its rows and in a content type
   * nobody reads, so that it is parked and the log goes on. @defaultValue 1_000_000
   */
  readonly maxEventBytes?: number
  /** The longest pause between two looks while nothing happens, in milliseconds, 10 to 60_000. @defaultValue 250 */
  readonly longestPauseMs?: number
}

/**
 * Opens the changes of captured tables as a log: see `RowChange` for the data of its records, and `defineRowChanges` to type
 * them. Reads whole commits; a statement that changes more than a hundred rows makes several.
 *
 * @throws {@link ConfigurationError} for a bad setting, or tables of another release that may not be migrated
 */
export async function openChangeLog(
  options: ChangeLogOptions,
): Promise<EventLog<StoredEvent> & AsyncDisposable> {
  const { database, maxEventBytes = 1_000_000, longestPauseMs = 250 } = options
  checkWhole('options.maxEventBytes', maxEventBytes, { min: 1, max: 1_000_000_000 })
  checkWhole('options.longestPauseMs', longestPauseMs, { min: 10, max: 60_000 })
  const schema = parseSchemaName(options.schema ?? defaultSchema)
  await prepareSchema(database, schema, options.migrate)
  const texts = changeTexts(schema, maxEventBytes)
  const [facts] = await database.query<{ generation: string }>(texts.facts)
  if (facts === undefined) throw new Error('a change log has a generation from its first migration on')
  return new ChangeLog({
    database,
    texts,
    name: `${schema}.changes`,
    generation: facts.generation,
    channel: `${schema}_changes`,
    longestPauseMs,
  })
}
