// After a restart nothing is in memory. The state is the last snapshot and the events after it; a snapshot of an older
// shape is not used, and the whole stream is folded.
import { createAggregates } from '@millrace/aggregates'
import { createStreamId } from '@millrace/contracts'
import type { EventStore } from '@millrace/contracts'
import { openMemoryStore } from '@millrace/memory'
import { createSnapshots, defineSnapshots, openFileSnapshots } from '@millrace/snapshots'

import { account, pennies } from './support/account.ts'
import { dataFolder } from './support/data-folder.ts'

/** The same store, which says how many events were read. */
function counted(store: EventStore): EventStore & { readonly read: EventStore['read']; count: number } {
  return Object.assign(Object.create(store) as EventStore, {
    count: 0,
    async *read(this: { count: number }, ...args: Parameters<EventStore['read']>) {
      for await (const event of store.read(...args)) {
        this.count++
        yield event
      }
    },
  })
}

/** What a process does that has just started: it loads the account. */
async function restart(plain: EventStore, folder: string, schemaVersion: number): Promise<void> {
  const store = counted(plain)
  const files = await openFileSnapshots({ folder })
  const definition = defineSnapshots({ category: 'account', decider: account, schemaVersion })
  await using snapshots = createSnapshots(definition, { store: files })
  const accounts = createAggregates({ store, category: 'account', decider: account, snapshots })
  const { state, version } = await accounts.load('1000-CASH')
  await snapshots.settled()
  console.log(`shape ${schemaVersion}:`, state, 'at version', Number(version), 'of which read', store.count)
}

await using folder = await dataFolder()
await using store = await openMemoryStore()
const cash = createStreamId('account', '1000-CASH')
await store.append(cash, pennies(5_000), { expectedVersion: 'no-stream' })

await restart(store, folder.path, 1)
await store.append(cash, pennies(30), { expectedVersion: 5_000 })
await restart(store, folder.path, 1)
await restart(store, folder.path, 2)
await restart(store, folder.path, 2)
