// A snapshot each time a hundred events have come; ten are kept. One that is damaged is noticed and replaced.
import { createAggregates } from '@millrace/aggregates'
import { openMemorySnapshots, openMemoryStore } from '@millrace/memory'
import { createSnapshots, defineSnapshots } from '@millrace/snapshots'

import { account } from './support/account.ts'

const definition = defineSnapshots({
  category: 'account',
  decider: account,
  schemaVersion: 1,
  threshold: 100,
})

await using store = await openMemoryStore()
const kept = openMemorySnapshots()
await using snapshots = createSnapshots(definition, { store: kept, compression: 'zstd', retention: 10 })
const accounts = createAggregates({ store, category: 'account', decider: account, snapshots, cacheSize: 0 })

for (let index = 0; index < 1_250; index++) await accounts.handle('1000-CASH', { type: 'deposit', cents: 1n })
await snapshots.settled()
const { saved, pruned } = snapshots.counts
console.log('1250 events,', saved, 'snapshots saved,', pruned, 'of them gone again')

const { streamId } = await accounts.load('1000-CASH')
const list = await kept.list(streamId)
console.log(
  'kept at',
  list
    .map(({ version }) => Number(version))
    .toSorted((a, b) => a - b)
    .join(' '),
)

// One byte of the last one is changed. Its checksum tells, the whole stream is folded, and a good one takes its place.
const last = await kept.latest(streamId, { name: 'account' })
if (last === undefined) throw new Error('there is no snapshot')
const state = Uint8Array.from(last.state)
state[10] = (state[10] ?? 0) ^ 1
await kept.save({ ...last, state })
console.log('with a damaged snapshot', (await accounts.load('1000-CASH')).state)
await snapshots.settled()
console.log('found damaged', snapshots.counts.invalid, 'saved again', snapshots.counts.saved - saved)
await accounts.load('1000-CASH')
console.log('found damaged since', snapshots.counts.invalid - 1)
