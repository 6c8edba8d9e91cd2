import { createAggregates } from '@millrace/aggregates'
import type { Aggregates } from '@millrace/aggregates'
import { defineApp, openApp } from '@millrace/app'
import type { App, AppDefinition } from '@millrace/app'

import { account, accountSnapshots } from './account.ts'
import type { Account, AccountCommand, AccountState } from './account.ts'

/** An app that saves the states of its accounts. */
export const bank: AppDefinition = defineApp({ name: 'bank', snapshots: [accountSnapshots] })

/** An open bank. */
export interface OpenBank extends AsyncDisposable {
  readonly app: App
  readonly accounts: Aggregates<AccountState, AccountCommand, typeof Account>
  readonly settled: () => Promise<void>
}

/** Opens it, as a process does that starts. */
export async function openBank(
  env: Readonly<Record<string, string>>,
  definition: AppDefinition = bank,
  saved = accountSnapshots,
): Promise<OpenBank> {
  const app = await openApp(definition, { env })
  const snapshots = app.snapshots.of(saved)
  return {
    app,
    accounts: createAggregates({ store: app.store, category: 'account', decider: account, snapshots }),
    settled: async () => await snapshots.settled(),
    [Symbol.asyncDispose]: async () => await app[Symbol.asyncDispose](),
  }
}
