import { subjectsInFingerprint } from '@millrace/contracts'

import { fieldColumn, wordsColumn } from './search-tables.ts'

// in:    the subject
// locks: the rows, in the order of their ids
/**
 * Empties all documents of a subject in one build; undefined where its fields name none. The mark left of each is one
 * version higher: a write under way of the version that was there is late then.
 */
export function eraseStatement(fingerprint: string, table: string): string | undefined {
  const { fields, subjects } = subjectsInFingerprint(fingerprint)
  if (subjects.length === 0) return undefined
  const about = subjects.map(({ name, list }) =>
    list ? `${fieldColumn(name)} @> array[$1::text]` : `${fieldColumn(name)} = $1::text`,
  )
  const emptied = fields.flatMap(({ name, kind }) =>
    kind === 'text' ? [fieldColumn(name), wordsColumn(name)] : [fieldColumn(name)],
  )
  const nothing = ['words', 'payload', ...emptied].map((column) => `${column} = null`)
  return `
    update ${table} set version = version + 1, deleted_at = clock_timestamp(), ${nothing.join(', ')}
    where id in (select id from ${table} where ${about.join(' or ')} order by id for update)`
}
