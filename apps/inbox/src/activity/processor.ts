import { defineProcessor } from '@millrace/processing'
import type { Processor } from '@millrace/processing'

import { githubCategory } from '../intake/subject.ts'
import { writesOf } from './statements.ts'
import { Tally } from './tally.ts'

/** Keeps the read model of repository activity, in the transaction of its checkpoint: each event counts once. */
export function activityProcessor(): Processor {
  return defineProcessor({
    name: 'activity',
    startFrom: 'beginning',
    filter: { categories: [githubCategory] },
    handle: (batch, context) => {
      const tally = new Tally()
      for (const event of batch) tally.add(event)
      for (const { statement, values } of writesOf(tally)) context.write(statement, values)
    },
  })
}
