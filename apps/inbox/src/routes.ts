import type { App } from '@millrace/app'
import { jsonResponse } from '@millrace/server'
import type { Route } from '@millrace/server'

import { checkActivity } from './activity/check-activity.ts'
import { byRepository, readActivityRows } from './activity/read-activity.ts'
import type { inboxSecrets } from './inbox-app.ts'
import { createIntake } from './intake/intake.ts'
import { createReceiver } from './receiver/receiver.ts'
import { eventSearch } from './search/search-indexes.ts'
import { searchRoute } from './search/search-route.ts'

/** Where webhooks of GitHub come in. */
export const intakePath = '/webhooks/github'
/** Where the app's own webhooks arrive. */
export const receiverPath = '/receiver'

/** The routes of the inbox beside those of the management API. */
export function inboxRoutes(app: App<typeof inboxSecrets>, maxBodyBytes: number): readonly Route[] {
  const { store, database } = app
  const intake = createIntake({ store, secret: app.secret('webhookSecret'), maxBytes: maxBodyBytes })
  const receiver = createReceiver({ database, secret: app.secret('receiverSecret') })
  return [
    // Both are guarded by a signature: who sends to them has no token, and no browser is involved.
    { method: 'POST', path: intakePath, guard: 'own', handle: intake },
    { method: 'POST', path: receiverPath, guard: 'own', handle: receiver.receive },
    { method: 'GET', path: receiverPath, handle: receiver.list },
    { method: 'PUT', path: `${receiverPath}/mode`, handle: receiver.setMode },
    {
      method: 'GET',
      path: '/api/activity',
      handle: async () => jsonResponse({ repositories: byRepository(await readActivityRows(database)) }),
    },
    {
      method: 'GET',
      path: '/api/activity/check',
      handle: async () => jsonResponse(await checkActivity(store, database)),
    },
    {
      method: 'GET',
      path: '/api/search',
      handle: searchRoute(app.searchIndexes.index(eventSearch.definition.name)),
    },
  ]
}
