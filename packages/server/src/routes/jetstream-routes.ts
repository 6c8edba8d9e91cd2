import type { Management } from '@millrace/app'
import { defined, InvalidValueError } from '@millrace/contracts'

import { found, readOrder } from './answers.ts'
import type { Route } from './route.ts'

const what = 'a JetStream stream of events'

/** The consumers of the JetStream stream that holds the events. */
export function jetStreamRoutes(management: Management): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/jetstream/consumers',
      handle: async () => {
        const consumers = await management.consumers()
        return found(consumers && { consumers }, what)
      },
    },
    {
      method: 'POST',
      path: '/api/jetstream/consumers/sweep',
      handle: async (request) => {
        const { dryRun } = await readOrder(request, ['dryRun'])
        if (dryRun !== undefined && typeof dryRun !== 'boolean')
          throw new InvalidValueError('dryRun', 'true or false')
        return found(await management.sweepConsumers(defined({ dryRun })), what)
      },
    },
  ]
}
