// What an account held at the end of a day that is over will never be anything else: such an answer may be kept for ever.
// One about today may not.
import { createAggregates } from '@millrace/aggregates'
import { openMemorySnapshots, openMemoryStore } from '@millrace/memory'
import { createSnapshots, defineSnapshots } from '@millrace/snapshots'

import { account } from './support/account.ts'

await using store = await openMemoryStore()
await using snapshots = createSnapshots(
  defineSnapshots({ category: 'account', decider: account, schemaVersion: 1 }),
  { store: openMemorySnapshots() },
)
const accounts = createAggregates({ store, category: 'account', decider: account, snapshots })

const day = 86_400_000
const start = Date.parse('2025-10-01T12:00:00Z')
for (let index = 0; index < 500; index++)
  await accounts.handle('1000-CASH', {
    type: 'deposit',
    cents: 10n,
    at: new Date(start + (index * day) / 20),
  })

const answers = new Map<string, bigint>()
let asked = 0

/** The cents on an account at the end of a day. */
async function centsOn(id: string, date: string): Promise<bigint> {
  const key = `${id} ${date}`
  const known = answers.get(key)
  if (known !== undefined) return known
  asked++
  const end = new Date(`${date}T23:59:59.999Z`)
  const { state } = await accounts.stateAt(id, end)
  // An hour of grace: what is recorded late, by another clock, must not make a kept answer wrong.
  if (end.getTime() + 3_600_000 < Date.now()) answers.set(key, state.cents)
  return state.cents
}

for (const date of ['2025-10-05', '2025-10-15', '2025-10-05', '2025-10-15', '2025-10-15'])
  console.log(date, await centsOn('1000-CASH', date))
console.log('asked the store', asked, 'times for 5 answers')
