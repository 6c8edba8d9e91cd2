import { toRecordCopy } from '../processor-store/record-copy.ts'
import { inSchema } from '../sql/schema-name.ts'
import type { SchemaName } from '../sql/schema-name.ts'
import type { SqlDatabase } from '../sql/sql-database.ts'
import { namesSubject } from './names-subject.ts'

interface CopyRow {
  readonly id: string
  readonly record: string
}

/** Of so many copies at a time the texts are in memory. */
const pageRows = 100

const tables = ['dead_letters', 'deliveries', 'parked_records'] as const

const candidatesOf = (table: string): string => `
  select id, record::text as record from :schema.${table}
  where id > $1 and strpos(record::text, $2) > 0 order by id limit ${pageRows}`

/** What failed may quote what it was about. A record without a copy is read from the log again, where it is redacted. */
const redactOf = {
  dead_letters: `
    update :schema.dead_letters set record = null, record_subject = null, reason = 'its data subject was erased',
      attempts = (select coalesce(jsonb_agg(a - 'error'), '[]') from jsonb_array_elements(attempts) a)
    where id = any($1::text[])`,
  deliveries: `
    update :schema.deliveries set record = null, record_subject = null,
      attempts = (select coalesce(jsonb_agg(a - 'error'), '[]') from jsonb_array_elements(attempts) a)
    where id = any($1::text[])`,
  parked_records: `delete from :schema.parked_records where id = any($1::text[])`,
} as const

function isAbout(record: string, [capture, column]: readonly [string, string], subject: string): boolean {
  const { contentType, payload, description } = toRecordCopy(record)
  if (!String(description['type'] ?? '').startsWith(`${capture}.`)) return false
  if (contentType !== 'application/json' || typeof payload !== 'string') return false
  const change = JSON.parse(payload) as { readonly old?: unknown; readonly new?: unknown }
  return [change.old, change.new].some((row) => namesSubject(row, column, subject))
}

/** Takes the copies of a subject's changes out of the ledger: what was set aside outlives the log. */
export async function redactCopies(
  { database, schema }: { readonly database: SqlDatabase; readonly schema: SchemaName },
  captured: readonly [capture: string, column: string],
  subject: string,
): Promise<void> {
  // As text within text: a change is JSON in the JSON of its copy.
  const inner = JSON.stringify(subject).slice(1, -1)
  const needle = JSON.stringify(inner).slice(1, -1)
  for (const table of tables)
    for (let after = ''; ;) {
      const rows = await database.query<CopyRow>(inSchema(candidatesOf(table), schema), [after, needle])
      const found = rows.filter(({ record }) => isAbout(record, captured, subject)).map(({ id }) => id)
      if (found.length > 0) await database.execute(inSchema(redactOf[table], schema), [found])
      const last = rows.at(-1)
      if (last === undefined || rows.length < pageRows) break
      after = last.id
    }
}
