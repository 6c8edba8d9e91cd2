import { defineProjection } from '@millrace/projections'
import type { TableProjection } from '@millrace/projections'

import { githubCategory } from '../intake/subject.ts'
import { sqlFile } from '../sql-file.ts'
import { writesOf } from './statements.ts'
import { Tally } from './tally.ts'

/** The read model of repository activity: what happened on each day, who contributed, and the issues. */
export const activity: TableProjection = defineProjection({
  name: 'activity',
  categories: [githubCategory],
  tables: ['activity_days', 'activity_contributors', 'activity_issues'],
  script: sqlFile('activity'),
  apply: (batch, model) => {
    const tally = new Tally()
    for (const event of batch) tally.add(event)
    for (const { statement, values } of writesOf(tally)) model.write(statement, values)
  },
})
