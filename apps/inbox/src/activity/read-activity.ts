import type { SqlSession } from '@millrace/postgres'

import type { Contributor, DayActivity, Issue } from './tally.ts'

/** The tables of the read model as they stand, each in the order of its key. */
export interface ActivityRows {
  readonly days: readonly DayActivity[]
  readonly contributors: readonly Contributor[]
  readonly issues: readonly Issue[]
}

interface ContributorRow {
  readonly repository: string
  readonly login: string
  readonly events: number
  readonly first_at: Date
  readonly last_at: Date
}

/** Reads the whole read model. */
export async function readActivityRows(database: SqlSession): Promise<ActivityRows> {
  const days = await database.query<DayActivity>(
    'select repository, day::text as day, kind, events from activity_days order by repository, day, kind',
  )
  const contributors = await database.query<ContributorRow>(
    'select repository, login, events, first_at, last_at from activity_contributors order by repository, login',
  )
  const issues = await database.query<Issue>(
    'select repository, number, title, state from activity_issues order by repository, number',
  )
  return {
    days,
    contributors: contributors.map((row) => ({
      ...row,
      first_at: row.first_at.toISOString(),
      last_at: row.last_at.toISOString(),
    })),
    issues,
  }
}

/** One repository, organisation or the app itself, for people. */
export interface RepositoryActivity {
  readonly repository: string
  readonly events: number
  readonly kinds: Readonly<Record<string, number>>
  readonly days: Readonly<Record<string, number>>
  readonly contributors: readonly { readonly login: string; readonly events: number }[]
  readonly openIssues: readonly { readonly number: number; readonly title: string }[]
}

function summed(rows: readonly DayActivity[], member: 'kind' | 'day'): Record<string, number> {
  const sums = new Map<string, number>()
  for (const row of rows) sums.set(row[member], (sums.get(row[member]) ?? 0) + row.events)
  return Object.fromEntries(sums)
}

/** The read model by repository, the busiest first. */
export function byRepository({ days, contributors, issues }: ActivityRows): readonly RepositoryActivity[] {
  const daysOf = Map.groupBy(days, ({ repository }) => repository)
  const contributorsOf = Map.groupBy(contributors, ({ repository }) => repository)
  const issuesOf = Map.groupBy(issues, ({ repository }) => repository)
  return [...daysOf]
    .map(([repository, rows]) => ({
      repository,
      events: rows.reduce((sum, { events }) => sum + events, 0),
      kinds: summed(rows, 'kind'),
      days: summed(rows, 'day'),
      contributors: (contributorsOf.get(repository) ?? [])
        .map(({ login, events }) => ({ login, events }))
        .toSorted((a, b) => b.events - a.events),
      openIssues: (issuesOf.get(repository) ?? [])
        .filter(({ state }) => state === 'open')
        .map(({ number, title }) => ({ number, title })),
    }))
    .toSorted((a, b) => b.events - a.events)
}
