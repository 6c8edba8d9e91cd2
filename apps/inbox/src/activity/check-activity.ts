import { createEventDecoder, decodeEvents } from '@millrace/contracts'
import type { EventStore } from '@millrace/contracts'
import type { SqlSession } from '@millrace/postgres'

import { githubCategory } from '../intake/subject.ts'
import { readActivityRows } from './read-activity.ts'
import type { ActivityRows } from './read-activity.ts'
import { Tally } from './tally.ts'

/** How the read model compares with a fresh replay of the log. */
export interface ActivityCheck {
  readonly equal: boolean
  /** Events the replay folded. */
  readonly events: number
  /** Rows on one side only, at most 20: `read model` or `replay`, the table and the row. */
  readonly differences: readonly string[]
}

const maxDifferences = 20

async function replay(
  store: Pick<EventStore, 'readAll'>,
): Promise<{ readonly tally: Tally; readonly events: number }> {
  const tally = new Tally()
  let events = 0
  for await (const event of decodeEvents(
    store.readAll({ categories: [githubCategory] }),
    createEventDecoder(),
  )) {
    tally.add(event)
    events++
  }
  return { tally, events }
}

/** Member by member in one order, so that equal rows have equal texts. */
function textOf(row: object): string {
  return JSON.stringify(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function differences(
  table: keyof ActivityRows,
  kept: readonly object[],
  replayed: Iterable<object>,
): readonly string[] {
  const a = new Set(kept.map(textOf))
  const b = new Set([...replayed].map(textOf))
  return [
    ...[...a.difference(b)].map((row) => `only in the read model, ${table}: ${row}`),
    ...[...b.difference(a)].map((row) => `only in the replay, ${table}: ${row}`),
  ]
}

/** Folds the whole log anew and compares the result with the read model, row by row. Costs a read of the log. */
export async function checkActivity(
  store: Pick<EventStore, 'readAll'>,
  database: SqlSession,
): Promise<ActivityCheck> {
  const { tally, events } = await replay(store)
  const rows = await readActivityRows(database)
  const found = [
    ...differences('days', rows.days, tally.days.values()),
    ...differences('contributors', rows.contributors, tally.contributors.values()),
    ...differences('issues', rows.issues, tally.issues.values()),
  ]
  return { equal: found.length === 0, events, differences: found.slice(0, maxDifferences) }
}
