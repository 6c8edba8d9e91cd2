import type { Advance, Lease, Settlement } from '@millrace/contracts'

import { holds, refused, same } from '../suite/assertions.ts'
import { advance, delivery, newLease, parked, place, statusOf, succeeded } from './bench.ts'
import type { EffectFreeStoreCase } from './bench.ts'

const notSupported = { code: 'ERR_NOT_SUPPORTED', retryable: false } as const

const effects: readonly (readonly [string, (lease: Lease) => Partial<Advance>])[] = [
  ['a write', () => ({ writes: [{ statement: 'select 1', values: [] }] })],
  ['a delivery', (lease) => ({ deliveries: [delivery(lease)] })],
  ['a parked record', () => ({ parked: [parked()] })],
  ['a parked record that is handled now', () => ({ unparked: ['r'] })],
]

const attempts: readonly (readonly [string, Settlement])[] = [
  ['a finished attempt', { finished: [succeeded('r:p:webhook', 1)], starting: [] }],
  ['an attempt to be started', { finished: [], starting: ['r:p:webhook'] }],
]

/** What a store without effects cannot do, it says. */
export const refusalCases: readonly EffectFreeStoreCase[] = [
  ...effects.map(([what, part]): EffectFreeStoreCase => ({
    name: `an advance with ${what} is refused, and nothing of it is written`,
    run: async ({ store }) => {
      const lease = await newLease(store)
      const change = advance({ checkpoint: place(9), records: 3, ...part(lease) })
      await refused(store.advance(lease, change), notSupported)
      holds((await statusOf(store, lease.processor))[0] ?? {}, { checkpoint: place(0), recordsHandled: 0 })
      await store.advance(lease, advance({ checkpoint: place(9), records: 3 }))
      holds((await statusOf(store, lease.processor))[0] ?? {}, { checkpoint: place(9), recordsHandled: 3 })
    },
  })),
  ...attempts.map(([what, settlement]): EffectFreeStoreCase => ({
    name: `a settle with ${what} is refused`,
    run: async ({ store }) => {
      const lease = await newLease(store)
      await refused(store.settle(lease, settlement), notSupported)
      await store.settle(lease, { finished: [], starting: [] })
    },
  })),
  {
    name: 'a record cannot be parked again',
    run: async ({ store }) => {
      const lease = await newLease(store)
      await refused(store.parkAgain(lease, 'r', 'again'), notSupported)
    },
  },
  {
    name: 'there is nothing to recover, nothing due and nothing listed',
    run: async ({ store }) => {
      const lease = await newLease(store)
      same(await store.recover(lease, { deadLetterActions: ['webhook'] }), { unknown: 0 })
      same(await store.due(lease, { limit: 10, actions: ['webhook'] }), {
        deliveries: [],
        nextInMs: undefined,
      })
      same(await store.parkedToRetry(lease, 10), [])
      const none = { items: [], next: undefined }
      same([await store.listDeliveries(), await store.deadLetters.list()], [none, none])
      same(await store.getDelivery('r:p:webhook'), undefined)
    },
  },
]
