import type { Cache, JobQueue, JsonValue } from '@millrace/contracts'
import { jobKind, sqlKind } from '@millrace/observers'
import type { AnyActionKind } from '@millrace/observers'
import type { SqlDatabase } from '@millrace/postgres'

import type { Settings } from '../../settings/settings.ts'
import { appCacheKind } from './cache.ts'
import { appCommandKind } from './command.ts'
import type { CommandTarget } from './command.ts'
import { throughPort } from './port-failure.ts'
import { appPublishKind } from './publish.ts'
import { appSearchKind } from './search.ts'
import type { WritableIndexes } from './search.ts'

/** What the actions that every app has go to. */
export interface KindPorts {
  readonly settings: Settings
  readonly database: SqlDatabase
  readonly cache: Cache
  readonly queue: Pick<JobQueue, 'enqueue'>
  readonly searchIndexes: WritableIndexes
  readonly aggregates: Readonly<Record<string, CommandTarget>>
}

function appJobKind(queue: KindPorts['queue']): AnyActionKind {
  return jobKind(async ({ job, data, subject }, { idempotencyKey }) => {
    const about = subject === undefined || subject === '' ? {} : { subject }
    await throughPort(async () => await queue.enqueue(job, data as JsonValue, { idempotencyKey, ...about }))
  })
}

function appSqlKind(database: SqlDatabase): AnyActionKind {
  return sqlKind(async ({ statement, values }) => {
    await throughPort(async () => await database.execute(statement, values))
  })
}

/** The actions that every app has over what it is made of, and what closes what they opened. */
export function builtInKinds(
  ports: KindPorts,
): { readonly kinds: readonly AnyActionKind[] } & AsyncDisposable {
  const { settings, database, cache, queue, searchIndexes, aggregates } = ports
  const publish = appPublishKind(settings)
  return {
    kinds: [
      publish.kind,
      appJobKind(queue),
      appCommandKind(aggregates),
      appSearchKind(searchIndexes),
      appCacheKind(cache),
      appSqlKind(database),
    ],
    [Symbol.asyncDispose]: async () => await publish[Symbol.asyncDispose](),
  }
}
