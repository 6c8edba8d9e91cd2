// A read model that tells when its answer has changed: a live query yields the first answer, and each other one after it.
import { defineApp, openApp } from '@millrace/app'
import { createStreamId } from '@millrace/contracts'
import { defineProjection } from '@millrace/projections'

import { Account } from './support/account.ts'
import { dataFolder } from './support/data-folder.ts'

const balances = defineProjection({
  name: 'balances',
  version: 1,
  events: Account,
  initial: () => ({ cents: 0n }),
  evolve: {
    Deposited: ({ cents }, { data }) => ({ cents: cents + data.cents }),
    Withdrawn: ({ cents }, { data }) => ({ cents: cents - data.cents }),
  },
})

await using folder = await dataFolder()
await using app = await openApp(defineApp({ name: 'example', projections: [balances] }), {
  env: { MILLRACE_DATA: folder.path },
})
const { store, projections } = app
const cash = createStreamId('account', '1000-CASH')

const stop = new AbortController()
const documents = projections.documents(balances)
const live = projections.watch(balances, () => documents.get(cash), { signal: stop.signal })
const answers = live[Symbol.asyncIterator]()
const next = async (): Promise<bigint | undefined> =>
  ((await answers.next()).value as { cents: bigint } | undefined)?.cents

console.log('at first', await next())
await store.append(cash, [Account.Deposited({ cents: 5000n })], { expectedVersion: 'no-stream' })
console.log('then', await next())
const { position } = await store.append(cash, [Account.Withdrawn({ cents: 1200n })], { expectedVersion: 1 })
console.log('then', await next())
stop.abort()

// Who only wants to read what it has just written waits for that place in the log.
if (position !== undefined) console.log('seen', await projections.reached('balances', position))
const [status] = await projections.status('balances')
console.log(status?.name, 'version', status?.version, status?.state, 'behind by', status?.lag.events)
