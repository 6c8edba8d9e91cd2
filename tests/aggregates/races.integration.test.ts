import { createAggregates } from '@millrace/aggregates'
import { createIdFactory, createStreamId, jsonSerializer } from '@millrace/contracts'
import type { StoredEvent } from '@millrace/contracts'
import { describe, expect, test } from 'vitest'

import { collect, upTo } from './support/collect.ts'
import { locker } from './support/locker.ts'
import { openTarget } from './support/store-target.ts'
import { sharedStores, useStore } from './support/stores.ts'
import { useWorkers } from './support/worker.ts'
import type { Order } from './support/worker.ts'

const mint = createIdFactory()
const processes = 4

/** Deals the orders out to as many processes. */
const dealt = (orders: readonly Order[]): readonly (readonly Order[])[] =>
  upTo(processes).map((hand) => orders.filter((_, i) => i % processes === hand - 1))

const stampedBy = ({ payload }: StoredEvent): unknown =>
  (jsonSerializer.deserialize(payload) as { by: unknown }).by

const clerkOf = ({ command }: Pick<Order, 'command'>): unknown => ('by' in command ? command.by : undefined)

describe.each(sharedStores)('two hundred commands from four processes, %s', (kind) => {
  const target = useStore(kind)
  const race = useWorkers(target)

  test(
    'to one aggregate are all recorded once, in some order, without a gap',
    { timeout: 120_000 },
    async () => {
      const id = mint()
      const orders = upTo(200).map((n): Order => ({ id, command: { type: 'stamp', by: `clerk ${n}` } }))
      const answers = await race(dealt(orders))
      expect(answers.filter(({ kind: said }) => said === 'failed')).toEqual([])
      await using opened = await openTarget(target())
      const events = await collect(opened.store.read(createStreamId('locker', id)))
      expect(events.map(({ version }) => Number(version))).toEqual(upTo(200))
      expect(new Set(events.map(stampedBy))).toEqual(new Set(orders.map(clerkOf)))
      // Each was told the version its own event has.
      const told = answers.flatMap((answer) => (answer.kind === 'result' ? [answer] : []))
      const inOrder = told.toSorted((one, other) => one.version - other.version)
      expect(inOrder.map(clerkOf)).toEqual(events.map(stampedBy))
    },
  )

  test(
    'decide on what the others recorded: of all that fill a place, each has its own',
    { timeout: 120_000 },
    async () => {
      const id = mint()
      const orders = upTo(100).map((): Order => ({ id, command: { type: 'fill' }, commandId: mint() }))
      // Each command is sent by two processes.
      const hands = dealt(orders)
      const all = upTo(processes).map((n) => [...(hands[n - 1] ?? []), ...(hands[n % processes] ?? [])])
      const answers = await race(all)
      expect(answers.filter(({ kind: said }) => said === 'failed')).toEqual([])
      expect(answers).toHaveLength(200)
      await using opened = await openTarget(target())
      const lockers = createAggregates({ store: opened.store, category: 'locker', decider: locker })
      const { version, state } = await lockers.load(id)
      expect([Number(version), state.items]).toEqual([100, upTo(100).map((n) => `filler ${n}`)])
    },
  )

  test('to two hundred aggregates are each recorded in their own', { timeout: 120_000 }, async () => {
    const orders = upTo(200).map((n): Order => ({ id: mint(), command: { type: 'stamp', by: `clerk ${n}` } }))
    const answers = await race(dealt(orders))
    expect(answers).toHaveLength(200)
    for (const answer of answers) expect(answer).toMatchObject({ outcome: 'accepted', version: 1 })
    await using opened = await openTarget(target())
    for (const { id, command } of orders) {
      const events = await collect(opened.store.read(createStreamId('locker', id)))
      expect(events.map(stampedBy)).toEqual([clerkOf({ command })])
    }
  })
})
