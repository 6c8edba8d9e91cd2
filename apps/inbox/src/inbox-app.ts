import { defineApp } from '@millrace/app'
import type { AppDefinition } from '@millrace/app'

import { activity } from './activity/activity-projection.ts'
import { notifyProcessor } from './notify/processor.ts'
import { sqlFile } from './sql-file.ts'

/** The inbox's own secrets beside the one of GitHub's signatures. */
export const inboxSecrets = {
  receiverSecret: { variable: 'MILLRACE_RECEIVER_SECRET', prefix: 'whsec_' },
} as const

/**
 * The inbox: a projection of repository activity, and a signed webhook for bugs and releases.
 *
 * @param receiver where webhooks go; asked for at each attempt, undefined until it is known
 */
export function defineInbox(receiver: () => string | undefined): AppDefinition<typeof inboxSecrets> {
  return defineApp({
    name: 'inbox',
    secrets: inboxSecrets,
    projections: [activity],
    // Until the projection there was, a processor of this name fed tables of its own.
    formerProcessors: ['activity'],
    readModels: [
      { name: 'former_activity', script: sqlFile('former-activity') },
      { name: 'receiver', script: sqlFile('receiver') },
      { name: 'samples', script: sqlFile('samples') },
    ],
    processors: ({ secret }) => [notifyProcessor({ target: receiver, secret: secret('receiverSecret') })],
  })
}
