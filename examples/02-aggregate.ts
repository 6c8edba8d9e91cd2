// Rules bound to streams: commands that are accepted or refused, a snapshot, the state on a day, and two who both want to
// be first.
import { createAggregates } from '@millrace/aggregates'
import { ConcurrencyError, createStreamId } from '@millrace/contracts'
import { openMemorySnapshots, openMemoryStore } from '@millrace/memory'
import { createSnapshots, defineSnapshots } from '@millrace/snapshots'

import { Account, account } from './support/account.ts'

await using store = await openMemoryStore()
await using snapshots = createSnapshots(
  defineSnapshots({ category: 'account', decider: account, schemaVersion: 1 }),
  { store: openMemorySnapshots() },
)
const accounts = createAggregates({ store, category: 'account', decider: account, snapshots })

await accounts.handle('1000-CASH', { type: 'deposit', cents: 5000n, at: new Date('2025-10-01T09:00:00Z') })
await accounts.handle('1000-CASH', { type: 'withdraw', cents: 1200n, at: new Date('2025-10-20T09:00:00Z') })
const refused = await accounts.handle('1000-CASH', { type: 'withdraw', cents: 9999n })
if (refused.kind === 'rejected') console.log('refused', refused.rejection.code, refused.rejection.facts)

const taken = await accounts.takeSnapshot('1000-CASH')
if (taken.kind === 'saved') console.log('snapshot at version', Number(taken.snapshot.version))

const then = await accounts.stateAt('1000-CASH', new Date('2025-10-15T23:59:59.999Z'))
const now = await accounts.load('1000-CASH')
console.log('on 2025-10-15', then.state, 'at version', Number(then.version))
console.log('now', now.state, 'at version', Number(now.version))

// Two appends at one expected version: one wins, the other is told the true version.
const cash = createStreamId('account', '1000-CASH')
const attempts = await Promise.allSettled(
  [300n, 400n].map((cents) => store.append(cash, [Account.Deposited({ cents })], { expectedVersion: 2 })),
)
for (const attempt of attempts)
  if (attempt.status === 'fulfilled') console.log('won, version', Number(attempt.value.version))
  else if (attempt.reason instanceof ConcurrencyError)
    console.log(
      'lost, expected',
      attempt.reason.conflict.expected,
      'but it is',
      attempt.reason.conflict.actual,
    )

// Through an aggregate nobody loses: who was too late decides again on the new state.
const both = await Promise.all([
  accounts.handle('1000-CASH', { type: 'withdraw', cents: 2500n }),
  accounts.handle('1000-CASH', { type: 'withdraw', cents: 2500n }),
])
console.log(
  both.map(({ kind }) => kind),
  (await accounts.load('1000-CASH')).state,
)
