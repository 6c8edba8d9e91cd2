import { defineDecider, reject } from '@millrace/aggregates'
import type { DefinedDecider } from '@millrace/aggregates'
import { defineEvents } from '@millrace/contracts'
import type { NewEventOf } from '@millrace/contracts'
import { defineSnapshots } from '@millrace/snapshots'
import type { SnapshotDefinition } from '@millrace/snapshots'
import { z } from 'zod'

/** The events of an account. */
export const Account = defineEvents({
  MoneyDeposited: z.object({ cents: z.bigint(), from: z.string() }),
  MoneyWithdrawn: { schema: z.object({ cents: z.bigint() }), version: 2 },
})

export type AccountEvent = NewEventOf<typeof Account>

export interface AccountState {
  readonly cents: bigint
  readonly movements: number
  /** In the order of each payer's first deposit. */
  readonly byPayer: Readonly<Record<string, bigint>>
}

export type AccountCommand =
  | { readonly type: 'deposit'; readonly cents: bigint; readonly from: string }
  | { readonly type: 'withdraw'; readonly cents: bigint }

/** An account is never overdrawn. */
export const account: DefinedDecider<AccountState, AccountCommand, typeof Account> = defineDecider(Account, {
  initial: (): AccountState => ({ cents: 0n, movements: 0, byPayer: {} }),
  decide: (state: AccountState, command: AccountCommand) => {
    if (command.type === 'deposit')
      return [Account.MoneyDeposited({ cents: command.cents, from: command.from })]
    if (command.cents > state.cents) return reject('overdrawn', 'there is not enough on the account')
    return [Account.MoneyWithdrawn({ cents: command.cents })]
  },
  evolve: {
    MoneyDeposited: ({ cents, movements, byPayer }, { data }) => ({
      cents: cents + data.cents,
      movements: movements + 1,
      byPayer: { ...byPayer, [data.from]: (byPayer[data.from] ?? 0n) + data.cents },
    }),
    MoneyWithdrawn: (state, { data }) => ({
      ...state,
      cents: state.cents - data.cents,
      movements: state.movements + 1,
    }),
  },
})

/** Their snapshots. */
export const accountSnapshots: SnapshotDefinition<AccountState, typeof account> = defineSnapshots({
  category: 'account',
  decider: account,
  schemaVersion: 1,
})

/** A deposit of so many cents. */
export function deposit(cents: number, from = 'ada'): AccountCommand {
  return { type: 'deposit', cents: BigInt(cents), from }
}
