import type { Management } from '@millrace/app'

import { jsonResponse } from '../http/error-response.ts'
import { captureRoutes } from './capture-routes.ts'
import { documentRoutes } from './document-routes.ts'
import { jetStreamRoutes } from './jetstream-routes.ts'
import { ledgerRoutes } from './ledger-routes.ts'
import { lockRoutes } from './lock-routes.ts'
import { metricsRoutes } from './metrics-routes.ts'
import { observerRoutes } from './observer-routes.ts'
import { privacyRoutes } from './privacy-routes.ts'
import { processorRoutes } from './processor-routes.ts'
import { projectionRoutes } from './projection-routes.ts'
import type { Route } from './route.ts'
import { searchRoutes } from './search-routes.ts'
import { snapshotRoutes } from './snapshot-routes.ts'
import { storageRoutes } from './storage-routes.ts'
import { streamRoutes } from './stream-routes.ts'

/** The management API, one route for each thing an operator may see or do. */
export function managementRoutes(management: Management): readonly Route[] {
  return [
    { method: 'GET', path: '/api/status', handle: async () => jsonResponse(await management.status()) },
    ...streamRoutes(management),
    ...snapshotRoutes(management),
    ...processorRoutes(management),
    ...metricsRoutes(management),
    ...projectionRoutes(management),
    ...documentRoutes(management),
    ...ledgerRoutes(management),
    ...searchRoutes(management),
    ...lockRoutes(management),
    ...privacyRoutes(management),
    ...storageRoutes(management),
    ...captureRoutes(management),
    ...observerRoutes(management),
    ...jetStreamRoutes(management),
  ]
}
