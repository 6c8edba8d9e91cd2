import { isFeedingStore } from '@millrace/contracts'
import type { AccessLog, CommitFeeder, EventLog, EventStore, StoredEvent } from '@millrace/contracts'

import { hasRole, requireRole } from './roles.ts'
import type { Principal, Role } from './roles.ts'

/** Settings of {@link guardedStore}. */
export interface GuardedStoreOptions {
  readonly principal: Principal
  /** @defaultValue nothing is recorded */
  readonly log?: AccessLog
}

type Check = (role: Role, action: string, target?: string) => Promise<void>

function checkOf({ principal, log }: GuardedStoreOptions): Check {
  return async (role, action, target) => {
    const outcome = hasRole(principal, role) ? 'allowed' : 'denied'
    // Before the work: what cannot be recorded is not done.
    await log?.record({ actor: principal.name, role, action, target, outcome })
    requireRole(principal, role)
  }
}

function reading(
  events: () => AsyncIterable<StoredEvent>,
  check: () => Promise<void>,
): AsyncIterable<StoredEvent> {
  return {
    async *[Symbol.asyncIterator]() {
      await check()
      yield* events()
    },
  }
}

/** Reading the log from a position is a replay; everything else that shows events is a read. */
function guardedLog(log: EventLog<StoredEvent>, check: Check): EventLog<StoredEvent> {
  return {
    name: log.name,
    ...(log.formerGenerations === undefined ? {} : { formerGenerations: log.formerGenerations }),
    translate: async (former) => await log.translate?.(former),
    beginning: () => log.beginning(),
    archived: async () => await log.archived?.(),
    head: () => log.head(),
    readBatch: async (after, options) => {
      await check('replay', 'readBatch')
      return await log.readBatch(after, options)
    },
    readAt: async (position) => {
      await check('read', 'readAt')
      return await log.readAt(position)
    },
    waitForMore: (after, options) => log.waitForMore(after, options),
    lag: (after) => log.lag(after),
  }
}

/**
 * A store as one principal may use it: `read` for reading, `write` for appending, `replay` for following the log, `operate`
 * for tombstones. Each use is recorded, refused ones too.
 * Its methods throw {@link AccessDeniedError}.
 */
export function guardedStore(store: EventStore, options: GuardedStoreOptions): EventStore {
  const check = checkOf(options)
  return {
    capabilities: store.capabilities,
    ...(isFeedingStore(store)
      ? { fedBy: (feeder: CommitFeeder) => guardedStore(store.fedBy(feeder), options) }
      : {}),
    log: guardedLog(store.log, check),
    append: async (streamId, events, appendOptions) => {
      await check('write', 'append', streamId)
      return await store.append(streamId, events, appendOptions)
    },
    commit: async (writes, commitOptions) => {
      if (writes.length === 0) await check('write', 'append')
      for (const { streamId } of writes) await check('write', 'append', streamId)
      return await store.commit(writes, commitOptions)
    },
    read: (streamId, readOptions) =>
      reading(
        () => store.read(streamId, readOptions),
        () => check('read', 'read', streamId),
      ),
    readAll: (readOptions) =>
      reading(
        () => store.readAll(readOptions),
        () => check('read', 'readAll'),
      ),
    currentVersion: async (streamId) => {
      await check('read', 'currentVersion', streamId)
      return await store.currentVersion(streamId)
    },
    exists: async (streamId) => {
      await check('read', 'exists', streamId)
      return await store.exists(streamId)
    },
    describe: async (streamId) => {
      await check('read', 'describe', streamId)
      return await store.describe(streamId)
    },
    listStreams: async (listOptions) => {
      await check('read', 'listStreams')
      return await store.listStreams(listOptions)
    },
    tombstone: async (streamId, tombstoneOptions) => {
      await check('operate', 'tombstone', streamId)
      return await store.tombstone(streamId, tombstoneOptions)
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}
