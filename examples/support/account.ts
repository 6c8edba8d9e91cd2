import { defineDecider, reject } from '@millrace/aggregates'
import { defineEvents } from '@millrace/contracts'
import type { NewEventOf } from '@millrace/contracts'
import { z } from 'zod'

const amount = z.strictObject({ cents: z.bigint().positive() })

/** What happens to an account. */
export const Account = defineEvents({ Deposited: amount, Withdrawn: amount })

/** An account, in cents. */
export interface AccountState {
  readonly cents: bigint
}

/** What may be asked of an account; `at` says when it happened, where that is not now. */
interface AccountCommand {
  readonly type: 'deposit' | 'withdraw'
  readonly cents: bigint
  readonly at?: Date
}

function decide({ cents: held }: AccountState, { type, cents, at }: AccountCommand) {
  const options = at === undefined ? {} : { occurredAt: at }
  if (type === 'deposit') return [Account.Deposited({ cents }, options)]
  if (cents > held) return reject('too-little', 'there is not as much', { held: String(held) })
  return [Account.Withdrawn({ cents }, options)]
}

/** The rules of an account: nobody takes out what is not there. */
export const account = defineDecider(Account, {
  initial: (): AccountState => ({ cents: 0n }),
  decide,
  evolve: {
    Deposited: ({ cents }, { data }) => ({ cents: cents + data.cents }),
    Withdrawn: ({ cents }, { data }) => ({ cents: cents - data.cents }),
  },
})

/** Deposits of one cent each, in one commit. */
export function pennies(count: number): readonly NewEventOf<typeof Account>[] {
  return Array.from({ length: count }, () => Account.Deposited({ cents: 1n }))
}
