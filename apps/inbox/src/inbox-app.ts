import { defineApp } from '@millrace/app'
import type { AppDefinition } from '@millrace/app'

import { activity } from './activity/activity-projection.ts'
import { inboxObservers } from './rules/inbox-observers.ts'
import type { ReceiverUrl } from './rules/inbox-rules.ts'
import { readMessengers } from './rules/messengers.ts'
import { eventSearch } from './search/search-indexes.ts'
import type { Environment } from './settings.ts'
import { sqlFile } from './sql-file.ts'

/** The inbox's own secrets beside the one of GitHub's signatures. */
export const inboxSecrets = {
  receiverSecret: { variable: 'MILLRACE_RECEIVER_SECRET', prefix: 'whsec_' },
} as const

/** What the inbox is defined with. */
export interface InboxDefinitionOptions {
  /** Says who is told by mail and on Slack. */
  readonly env: Environment
  /** Where webhooks go; asked for at each attempt, undefined until it is known. */
  readonly receiver?: ReceiverUrl
}

/**
 * The inbox: a projection of repository activity, rules that tell of bugs, releases and security alerts, and a search index
 * of all events.
 *
 * @throws `ConfigurationError` naming the variable of `env`
 */
export function defineInbox({
  env,
  receiver = () => undefined,
}: InboxDefinitionOptions): AppDefinition<typeof inboxSecrets> {
  const messengers = readMessengers(env)
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
    observers: ({ settings }) => inboxObservers(receiver, messengers, settings),
    searchIndexes: [eventSearch],
  })
}
