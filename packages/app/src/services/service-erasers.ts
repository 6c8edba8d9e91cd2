import { createChangeEraser } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import type { Eraser } from '@millrace/privacy'

import type { AppCapture } from '../captures/install-captures.ts'
import type { OpenSearchIndexes } from '../search-indexes/app-search-indexes.ts'
import type { AppServices } from './app-services.ts'

/** What {@link serviceErasers} cleans. */
export interface Erased extends Pick<AppServices, 'cache' | 'queue'> {
  readonly searchIndexes: OpenSearchIndexes
  readonly database: SqlDatabase
  readonly captures: readonly AppCapture[]
}

/** The name a table has without its schema, which its capture has where it was given no other. */
function ownName(table: string): string {
  const own = (table.split('.').at(-1) ?? table).trim()
  // As Postgres reads a name: lower case unless it is quoted.
  return own.startsWith('"') ? own.replaceAll('"', '') : own.toLowerCase()
}

function changeErasers({ database, captures }: Erased): readonly Eraser[] {
  const subjects = captures.flatMap(({ table, name = ownName(table), subject }) =>
    subject === undefined ? [] : [[name, subject] as const],
  )
  return subjects.length === 0
    ? []
    : [createChangeEraser({ database, subjects: Object.fromEntries(subjects) })]
}

/** Cleans whatever an app keeps of a data subject beside its log: its author lists none of these. */
export function serviceErasers(parts: Erased): readonly Eraser[] {
  const { cache, queue, searchIndexes } = parts
  return [
    // First: what is still to be handled of it is redacted before the others are cleaned.
    ...changeErasers(parts),
    { name: 'jobs', erase: async (subject) => void (await queue.eraseSubject(subject)) },
    { name: 'search indices', erase: async (subject) => await searchIndexes.eraseSubject(subject) },
    { name: 'cache', erase: async (subject) => await cache.eraseSubject(subject) },
  ]
}
