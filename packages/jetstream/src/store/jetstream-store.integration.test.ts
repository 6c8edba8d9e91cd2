import { eventStoreContract } from '@millrace/conformance'
import { inject } from 'vitest'

import { freshName } from '../../fixtures/names.ts'
import { openLane } from '../../fixtures/open-lane.ts'
import type { LaneTarget } from '../../fixtures/open-lane.ts'

const name = freshName('contract')
const target = (): LaneTarget => ({ servers: inject('servers').nats, name })

eventStoreContract({
  name: 'the JetStream store on one server',
  open: async () => await openLane(target()),
  durability: { kind: 'durable', why: 'files on the server' },
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
