import type { DeliveryVerdict, Lease, ProcessorStore } from '@millrace/contracts'

import { holds, outcomeOf, same } from '../suite/assertions.ts'
import { freshName } from '../suite/fixtures.ts'
import { advance, delivery, dueOf, failed, newLease, openAll, succeeded, takeOver } from './bench.ts'
import type { ProcessorStoreCase } from './bench.ts'

const dead: DeliveryVerdict = { kind: 'dead', reason: 'refused', record: undefined }
const held = { key: 'cart-1', ordered: true, holds: true } as const

const dueIds = async (store: ProcessorStore, lease: Lease): Promise<readonly string[]> =>
  (await dueOf(store, lease)).deliveries.map(({ id }) => id)

/** What the end of a delivery holds up, and what it writes. */
export const effectCases: readonly ProcessorStoreCase[] = [
  {
    name: 'a dead letter that holds its key keeps those behind it waiting until it was delivered after all or removed',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const { processor } = lease
      const [first, second, third] = [
        delivery(lease, { ...held, startsNow: true }),
        delivery(lease, held),
        delivery(lease, { ...held, startsNow: true }),
      ]
      const other = delivery(lease, { ...held, key: 'cart-2', startsNow: true })
      await openAll(store, lease, [first, second])
      await store.settle(lease, { finished: [failed(first.id, 1, dead)], starting: [] })
      same(await store.advance(lease, advance({ deliveries: [third, other] })), { started: [other.id] })
      same(await dueOf(store, lease), { deliveries: [], nextInMs: undefined })
      const heldKey = {
        action: 'webhook',
        key: 'cart-1',
        deadLetter: first.id,
        reason: 'refused',
        waiting: 2,
      }
      const { count, keys } = await store.deadLetters.heldKeys(processor, 10)
      same([count, keys.length], [1, 1])
      holds(keys[0] ?? {}, heldKey)
      // Retried without success it holds on; with success the next may start.
      await store.deadLetters.retry(first.id, 'ada')
      same(await dueIds(store, lease), [first.id])
      await store.settle(lease, { finished: [], starting: [first.id] })
      same(await dueIds(store, lease), [])
      await store.settle(lease, { finished: [failed(first.id, 2, dead)], starting: [] })
      same(await dueIds(store, lease), [])
      await store.deadLetters.retry(first.id, 'ada')
      await store.settle(lease, { finished: [], starting: [first.id] })
      await store.settle(lease, { finished: [succeeded(first.id, 3)], starting: [] })
      same(await dueIds(store, lease), [second.id])
      await store.settle(lease, { finished: [], starting: [second.id] })
      await store.settle(lease, { finished: [failed(second.id, 1, dead)], starting: [] })
      same(await dueIds(store, lease), [])
      const before = (await store.requests()).find((each) => each.processor === processor)?.retries ?? 0
      await store.deadLetters.remove(second.id, 'ada')
      const after = (await store.requests()).find((each) => each.processor === processor)?.retries ?? 0
      // A runtime looks again once it sees that.
      same([await dueIds(store, lease), after > before], [[third.id], true])
      same(await store.deadLetters.heldKeys(processor, 10), { count: 0, keys: [] })
    },
  },
  {
    name: 'an attempt with an unknown outcome that becomes a dead letter holds its key too',
    run: async ({ store }) => {
      const lease = await newLease(store, { ttlMs: 0 })
      const [first, second] = [delivery(lease, { ...held, startsNow: true }), delivery(lease, held)]
      await openAll(store, lease, [first, second])
      const taken = await takeOver(store, lease)
      await store.recover(taken, { deadLetterActions: ['webhook'] })
      same(await dueIds(store, taken), [])
      const { keys } = await store.deadLetters.heldKeys(lease.processor, 1)
      same(
        keys.map(({ deadLetter, waiting }) => [deadLetter, waiting]),
        [[first.id, 1]],
      )
    },
  },
  {
    name: 'what a delivered delivery writes is there with its end, and once, however often the settlement is sent',
    run: async ({ store, set, get }) => {
      const lease = await newLease(store)
      const key = freshName('k')
      const each = delivery(lease, { startsNow: true })
      await store.advance(lease, advance({ deliveries: [each] }))
      const result = { ...succeeded(each.id, 1), writes: [set(key, 'first')] }
      await store.settle(lease, { finished: [result], starting: [] })
      same([await get(key), (await store.getDelivery(each.id))?.state], ['first', 'delivered'])
      const again = { ...result, writes: [set(key, 'second')] }
      await store.settle(lease, { finished: [again], starting: [] })
      same(await get(key), 'first')
    },
  },
  {
    name: 'a settlement whose write is refused records nothing',
    run: async ({ store, set, get, failing }) => {
      const lease = await newLease(store)
      const key = freshName('k')
      const [each, other] = [delivery(lease, { startsNow: true }), delivery(lease, { startsNow: true })]
      await store.advance(lease, advance({ deliveries: [each, other] }))
      const result = { ...succeeded(each.id, 1), writes: [set(key, 'first'), failing] }
      const settled = store.settle(lease, { finished: [succeeded(other.id, 1), result], starting: [] })
      same((await outcomeOf(settled)) instanceof Error, true)
      const states = [await store.getDelivery(each.id), await store.getDelivery(other.id)]
      same(
        [await get(key), ...states.map((found) => [found?.state, found?.inFlight])],
        [undefined, ['open', true], ['open', true]],
      )
      // Of an attempt that failed nothing is written.
      const retry = { kind: 'retry', delayMs: 0 } as const
      const failure = { ...failed(each.id, 1, retry), writes: [set(key, 'never')] }
      await store.settle(lease, { finished: [failure], starting: [] })
      same(await get(key), undefined)
    },
  },
]
