import { defineDecider } from '@millrace/aggregates'
import { defineApp } from '@millrace/app'
import type { AppDefinition } from '@millrace/app'
import { createStreamId, defineEvents } from '@millrace/contracts'
import type { EventStore, NewEvent } from '@millrace/contracts'
import type { SqlSession } from '@millrace/postgres'
import { defineProjection } from '@millrace/projections'
import { defineSnapshots } from '@millrace/snapshots'
import { z } from 'zod'

const Deposits = defineEvents({ deposited: z.object({ cents: z.number() }) })

const accountDecider = defineDecider(Deposits, {
  initial: () => ({ cents: 0 }),
  decide: (_state, cents: number) => [Deposits.deposited({ cents })],
  evolve: { deposited: (state, { data }) => ({ cents: state.cents + data.cents }) },
})

/** An app with one read model, which is held up or refuses an event where a test wants that. */
export interface Bank {
  readonly definition: AppDefinition
  /** Set to let no batch that holds this many cents come into a read model. */
  readonly gate: { heldCents: number | undefined }
  /** Set to refuse events of 13 cents. */
  readonly failing: { on: boolean }
}

const script = `
  create table :bank_lines (account text not null, version bigint not null, cents bigint not null,
    primary key (account, version))`

/** A bank whose read model `lines` has a row for each deposit. */
export function createBank(): Bank {
  const gate: Bank['gate'] = { heldCents: undefined }
  const failing = { on: false }
  const lines = defineProjection({
    name: 'lines',
    tables: ['bank_lines'],
    script,
    categories: ['account'],
    retry: { maxAttempts: 1 },
    apply: async (batch, model) => {
      for (const { streamId, version, data } of batch) {
        const { cents } = data as { readonly cents: number }
        while (gate.heldCents === cents) {
          model.signal.throwIfAborted()
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
        if (failing.on && cents === 13) throw new Error('13 cents are refused')
        model.write('insert into :bank_lines values ($1, $2, $3)', [streamId, version, cents])
      }
    },
  })
  const snapshots = [defineSnapshots({ category: 'account', decider: accountDecider, schemaVersion: 1 })]
  return { definition: defineApp({ name: 'bank', projections: [lines], snapshots }), gate, failing }
}

/** Appends deposits to an account, all in one commit. */
export async function deposit(
  store: EventStore,
  account: string,
  ...cents: readonly number[]
): Promise<void> {
  const events = cents.map((each): NewEvent => ({ type: 'deposited', data: { cents: each } }))
  await store.append(createStreamId('account', account), events, { expectedVersion: 'any' })
}

/** How many deposits a reader of the read model finds. */
export async function readLines(database: SqlSession): Promise<number> {
  const [row] = await database.query<{ n: number }>('select count(*) as n from bank_lines')
  return row?.n ?? 0
}
