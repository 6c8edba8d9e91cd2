import { checkSubject, InvalidValueError, isCategory } from '@millrace/contracts'

import { prepareSchema } from '../migrations/migrate.ts'
import { defaultSchema, inSchema, parseSchemaName } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import type { CaptureOptions } from './captures.ts'
import { redactCopies } from './change-copies.ts'
import { namesSubject } from './names-subject.ts'

/** Settings of {@link createChangeEraser}. */
export interface ChangeEraserOptions extends CaptureOptions {
  readonly database: SqlDatabase
  /** For each capture whose rows are about data subjects: the column that names the subject. */
  readonly subjects: Readonly<Record<string, string>>
}

/** Fits the erasers of the privacy package. */
export interface ChangeEraser {
  readonly name: string
  /** Redacts every change of a row that names the subject, before or after it. May run again. */
  readonly erase: (subject: string) => Promise<void>
}

interface FoundRow {
  readonly seq: number
  readonly row_index: number
  readonly old_row: string | null
  readonly new_row: string | null
}

/** Of so many rows at a time the texts are in memory. */
const pageRows = 100

// Text is searched, not JSON: the operators of JSON fail on rows that hold U+0000.
const candidates = `
  select seq, row_index, old_row::text as old_row, new_row::text as new_row from :schema.changes
  where capture = $1 and (seq, row_index) > ($2::bigint, $3::int) and (strpos(old_row::text, $4) > 0 or strpos(new_row::text, $4) > 0)
  order by seq, row_index limit ${pageRows}`

const redact = `
  update :schema.changes c set operation = 'redacted', row_key = null, new_key = null, changed = null, old_row = null, new_row = null
  from unnest($1::bigint[], $2::int[]) as f (seq, row_index) where c.seq = f.seq and c.row_index = f.row_index`

async function redactOf(
  { database, schema }: { readonly database: SqlDatabase; readonly schema: SchemaName },
  [capture, column]: readonly [string, string],
  subject: string,
): Promise<void> {
  const needle = JSON.stringify(subject).slice(1, -1)
  for (let at = [0, -1]; ;) {
    const rows = await database.query<FoundRow>(inSchema(candidates, schema), [capture, ...at, needle])
    const found = rows.filter(({ old_row, new_row }) =>
      [old_row, new_row].some((row) => row !== null && namesSubject(JSON.parse(row), column, subject)),
    )
    const places = [found.map(({ seq }) => seq), found.map(({ row_index }) => row_index)]
    if (found.length > 0) await database.execute(inSchema(redact, schema), places)
    const last = rows.at(-1)
    if (last === undefined || rows.length < pageRows) return
    at = [last.seq, last.row_index]
  }
}

/**
 * Erases data subjects from the change log, and from the copies of changes in the ledger: changes keep their places and lose rows
 * and keys; from then on they are of the type `<capture>.redacted`. Parked records go, dead letters stay without their record. Erase the rows of the tables first: what deletes them is recorded, too.
 *
 * @throws {@link InvalidValueError} for a name no capture can have
 */
export function createChangeEraser(options: ChangeEraserOptions): ChangeEraser {
  const { database, subjects } = options
  const schema = parseSchemaName(options.schema ?? defaultSchema)
  for (const [capture, column] of Object.entries(subjects))
    if (!isCategory(capture) || typeof column !== 'string' || column === '')
      throw new InvalidValueError(`subjects.${capture}`, 'the name of a capture, and of one of its columns')
  return {
    name: `changes in ${schema}`,
    erase: async (subject) => {
      checkSubject(subject)
      await prepareSchema(database, schema, options.migrate)
      for (const entry of Object.entries(subjects)) {
        await redactOf({ database, schema }, entry, subject)
        await redactCopies({ database, schema }, entry, subject)
      }
      // Otherwise the rows as they were stay in the file until somebody writes over them.
      for (const table of ['changes', 'dead_letters', 'deliveries', 'parked_records'])
        await database.script(inSchema(`vacuum :schema.${table}`, schema))
    },
  }
}
