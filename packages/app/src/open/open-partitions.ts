import type { LogPartitions } from '@millrace/contracts'
import { openPostgresPartitions } from '@millrace/postgres'

import { anchorSigner } from './open-privacy.ts'
import type { ChainRequest } from './open-privacy.ts'

/** The partitions of the app's log; undefined on JetStream, which has none. */
export async function openPartitions({
  database,
  events,
  mode,
  secret,
  earlierSecrets,
}: Omit<ChainRequest, 'definition'>): Promise<LogPartitions | undefined> {
  if (events.jetstream !== undefined) return undefined
  return await openPostgresPartitions({
    database,
    migrate: mode === 'run' ? 'run' : 'refuse',
    ...anchorSigner(secret, earlierSecrets),
  })
}
