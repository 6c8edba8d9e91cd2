import { eventStoreContract } from '@millrace/conformance'
import { inject } from 'vitest'

import { openLane } from '../../fixtures/open-lane.ts'
import { freshSchema } from '../../fixtures/schemas.ts'

const schema = freshSchema('contract')
const target = (): { url: string; schema: string } => ({ url: inject('servers').postgres, schema })

eventStoreContract({
  name: 'the Postgres store on a server',
  open: async () => await openLane(target()),
  durability: { kind: 'durable', why: 'tables on the server' },
  lanes: {
    kind: 'processes',
    why: 'a server takes many clients',
    opener: {
      module: new URL('../../fixtures/open-lane.ts', import.meta.url).href,
      export: 'openLane',
      argument: target,
    },
  },
  capabilities: { multiStreamCommits: true },
})
