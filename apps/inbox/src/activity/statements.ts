import type { StateWrite } from '@millrace/contracts'

import type { Activity } from './tally.ts'

const addDays = `
insert into :activity_days as kept (repository, day, kind, events)
select repository, day, kind, events
from json_to_recordset($1::json) as added(repository text, day date, kind text, events bigint)
on conflict (repository, day, kind) do update set events = kept.events + excluded.events`

const addContributors = `
insert into :activity_contributors as kept (repository, login, events, first_at, last_at)
select repository, login, events, first_at, last_at
from json_to_recordset($1::json)
  as added(repository text, login text, events bigint, first_at timestamptz, last_at timestamptz)
on conflict (repository, login) do update set
  events = kept.events + excluded.events,
  first_at = least(kept.first_at, excluded.first_at),
  last_at = greatest(kept.last_at, excluded.last_at)`

const setIssues = `
insert into :activity_issues (repository, number, title, state)
select repository, number, title, state
from json_to_recordset($1::json) as added(repository text, number bigint, title text, state text)
on conflict (repository, number) do update set title = excluded.title, state = excluded.state`

/** The statements that add to the read model what some events change; at most one a table. */
export function writesOf(activity: Activity): readonly StateWrite[] {
  const changes = [
    [addDays, activity.days],
    [addContributors, activity.contributors],
    [setIssues, activity.issues],
  ] as const
  return changes
    .filter(([, rows]) => rows.size > 0)
    .map(([statement, rows]) => ({ statement, values: [JSON.stringify([...rows.values()])] }))
}
