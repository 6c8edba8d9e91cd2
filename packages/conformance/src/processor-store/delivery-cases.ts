import type { Delivery, Lease, ProcessorStore } from '@millrace/contracts'

import { holds, refused, same } from '../suite/assertions.ts'
import { waitUntil } from '../suite/wait-until.ts'
import {
  advance,
  attempt,
  delivery,
  dueOf,
  failed,
  newLease,
  openAll,
  recordCopy,
  succeeded,
  takeOver,
} from './bench.ts'
import type { ProcessorStoreCase } from './bench.ts'

async function found(store: ProcessorStore, { id }: { readonly id: string }): Promise<Delivery> {
  const known = await store.getDelivery(id)
  if (known === undefined) throw new Error(`delivery ${id} is not known`)
  return known
}

const dueIds = async (store: ProcessorStore, lease: Lease, limit = 10): Promise<string[]> =>
  (await dueOf(store, lease, limit)).deliveries.map(({ id }) => id)

/** Attempts and their consequences. */
export const settleCases: readonly ProcessorStoreCase[] = [
  {
    name: 'of ordered deliveries of one action and key, the next starts when the one before it has ended',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const ordered = { key: 'cart-1', ordered: true } as const
      const first = delivery(lease, { ...ordered, startsNow: true })
      const second = delivery(lease, { ...ordered, startsNow: true })
      const third = delivery(lease, ordered)
      const others = [
        delivery(lease, { ...ordered, key: 'cart-2', startsNow: true }),
        delivery(lease, { ...ordered, action: 'other', startsNow: true }),
        delivery(lease, { key: 'cart-1', startsNow: true }),
      ]
      const opened = await store.advance(lease, advance({ deliveries: [first] }))
      same(opened.started, [first.id])
      const later = await store.advance(lease, advance({ deliveries: [second, third, ...others] }))
      same(
        later.started,
        others.map(({ id }) => id),
      )
      same(await dueOf(store, lease), { deliveries: [], nextInMs: undefined })
      const again = { kind: 'retry', delayMs: 300_000 } as const
      await store.settle(lease, { finished: [failed(first.id, 1, again)], starting: [] })
      // Not before the retry, however long that waits.
      const { deliveries, nextInMs = 0 } = await dueOf(store, lease)
      same([deliveries, nextInMs > 200_000], [[], true])
      await store.settle(lease, { finished: [], starting: [first.id] })
      await store.settle(lease, { finished: [succeeded(first.id, 2)], starting: [] })
      same(await dueIds(store, lease), [second.id])
      await store.settle(lease, { finished: [], starting: [second.id] })
      same(await dueIds(store, lease), [])
      const dead = { kind: 'dead', reason: 'no', record: undefined } as const
      await store.settle(lease, { finished: [failed(second.id, 1, dead)], starting: [] })
      same(await dueIds(store, lease), [third.id])
    },
  },
  {
    name: 'a delivered delivery has ended, with its attempt kept to the millisecond',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const each = delivery(lease, { startsNow: true })
      await store.advance(lease, advance({ deliveries: [each] }))
      const only = attempt(1, { outcome: 'delivered', statusCode: 204 })
      await store.settle(lease, {
        finished: [{ deliveryId: each.id, attempt: only, verdict: { kind: 'delivered' } }],
        starting: [],
      })
      const ended = await found(store, each)
      holds(ended, { state: 'delivered', inFlight: false, nextAttemptAt: undefined, attempts: [only] })
      same(
        [ended.endedAt instanceof Date, await dueOf(store, lease)],
        [true, { deliveries: [], nextInMs: undefined }],
      )
    },
  },
  {
    name: 'a delivery to be retried waits for its time and is due then',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const each = delivery(lease, { startsNow: true })
      await store.advance(lease, advance({ deliveries: [each] }))
      await store.settle(lease, {
        finished: [failed(each.id, 1, { kind: 'retry', delayMs: 600 })],
        starting: [],
      })
      const waiting = await found(store, each)
      holds(waiting, { state: 'retrying', inFlight: false, attemptsLeft: 2, endedAt: undefined })
      const { deliveries, nextInMs = -1 } = await dueOf(store, lease)
      if (deliveries.length === 0) same([nextInMs > 0, nextInMs <= 600], [true, true])
      await waitUntil(async () => (await dueIds(store, lease)).includes(each.id), {
        what: 'the retry to be due',
      })
    },
  },
  {
    name: 'every attempt of a delivery is kept in order, over its whole life',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const each = delivery(lease, { startsNow: true })
      await store.advance(lease, advance({ deliveries: [each] }))
      const again = { kind: 'retry', delayMs: 0 } as const
      await store.settle(lease, { finished: [failed(each.id, 1, again)], starting: [] })
      await store.settle(lease, { finished: [], starting: [each.id] })
      holds(await found(store, each), { state: 'retrying', inFlight: true })
      await store.settle(lease, { finished: [failed(each.id, 2, again)], starting: [] })
      await store.settle(lease, { finished: [], starting: [each.id] })
      const last = succeeded(each.id, 3)
      await store.settle(lease, { finished: [last], starting: [] })
      const { attempts, state } = await found(store, each)
      const failure = { statusCode: 503, error: 'unavailable' }
      same([state, attempts], ['delivered', [attempt(1, failure), attempt(2, failure), last.attempt]])
    },
  },
  {
    name: 'a started delivery is in flight and not due',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const [first, second] = [delivery(lease), delivery(lease)]
      await openAll(store, lease, [first, second])
      await store.settle(lease, { finished: [], starting: [first.id] })
      holds(await found(store, first), { state: 'open', inFlight: true })
      same(await dueIds(store, lease), [second.id])
      await store.settle(lease, { finished: [], starting: [second.id] })
      same(await dueOf(store, lease), { deliveries: [], nextInMs: undefined })
    },
  },
  {
    name: 'one settle ends several deliveries, each in its own way, and starts others',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const each = ['a', 'b', 'c', 'd', 'e'].map((action) =>
        delivery(lease, { action, recordId: 'one', startsNow: action !== 'e' }),
      )
      await store.advance(lease, advance({ deliveries: each }))
      const [a = '', b = '', c = '', d = '', e = ''] = each.map(({ id }) => id)
      await store.settle(lease, {
        finished: [
          succeeded(a, 1),
          failed(b, 1, { kind: 'retry', delayMs: 60_000 }),
          failed(c, 1, { kind: 'dead', reason: 'refused', record: recordCopy }),
          failed(d, 1, { kind: 'cancelled', reason: 'no longer wanted' }),
        ],
        starting: [e],
      })
      const states = await Promise.all(each.map(async (one) => await found(store, one)))
      same(
        states.map(({ state }) => state),
        ['delivered', 'retrying', 'dead', 'cancelled', 'open'],
      )
      same(
        states.map(({ inFlight }) => inFlight),
        [false, false, false, false, true],
      )
      const letters = (await store.deadLetters.list({ processor: lease.processor })).items
      same(
        letters.map(({ id }) => id),
        [c],
      )
    },
  },
  {
    name: 'the oldest delivery is due first, and the store says when the next one is',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const each = [delivery(lease), delivery(lease), delivery(lease)]
      await openAll(store, lease, each)
      const ids = each.map(({ id }) => id)
      same(await dueIds(store, lease), ids)
      const { deliveries, nextInMs = 1 } = await dueOf(store, lease, 2)
      same([deliveries.map(({ id }) => id), nextInMs <= 0], [ids.slice(0, 2), true])
    },
  },
  {
    name: 'only deliveries of the actions asked for are due',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const each = ['a', 'b', 'c'].map((action) => delivery(lease, { action, recordId: 'one' }))
      await openAll(store, lease, each)
      const { deliveries, nextInMs } = await store.due(lease, { limit: 10, actions: ['c', 'a'] })
      same([deliveries.map(({ action }) => action), nextInMs], [['a', 'c'], undefined])
    },
  },
  {
    name: 'a delivery whose destination could not be reached is put off without counting the attempt',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const each = delivery(lease, { startsNow: true })
      await store.advance(lease, advance({ deliveries: [each] }))
      await store.settle(lease, {
        finished: [failed(each.id, 1, { kind: 'defer', delayMs: 60_000 })],
        starting: [],
      })
      holds(await found(store, each), { state: 'open', inFlight: false, attemptsLeft: 3, attempts: [] })
      const { deliveries, nextInMs = 0 } = await dueOf(store, lease)
      same([deliveries, nextInMs > 30_000], [[], true])
    },
  },
  {
    name: 'a settle that is sent again changes nothing, also when the next attempt is under way',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const each = delivery(lease, { startsNow: true })
      await store.advance(lease, advance({ deliveries: [each] }))
      const settlement = { finished: [failed(each.id, 1, { kind: 'retry', delayMs: 0 })], starting: [] }
      await store.settle(lease, settlement)
      const once = await found(store, each)
      await store.settle(lease, settlement)
      same(await found(store, each), once)
      await store.settle(lease, { finished: [], starting: [each.id] })
      await store.settle(lease, settlement)
      holds(await found(store, each), { inFlight: true, attemptsLeft: 1 })
      same((await found(store, each)).attempts.length, 1)
    },
  },
]

/** What a crash leaves behind. */
export const recoverCases: readonly ProcessorStoreCase[] = [
  {
    name: 'an attempt that a crashed owner left in flight becomes unknown and may start again at once',
    run: async ({ store }) => {
      const crashed = await newLease(store, { ttlMs: 500 })
      const [flying, waiting] = [delivery(crashed, { startsNow: true }), delivery(crashed)]
      await store.advance(crashed, advance({ deliveries: [flying, waiting] }))
      const lease = await takeOver(store, crashed)
      same(await store.recover(lease, { deadLetterActions: [] }), { unknown: 1 })
      const unknown = await found(store, flying)
      holds(unknown, { state: 'unknown', inFlight: false, endedAt: undefined })
      same(
        unknown.attempts.map(({ number, outcome, durationMs }) => [number, outcome, durationMs]),
        [[1, 'unknown', undefined]],
      )
      holds(await found(store, waiting), { state: 'open', inFlight: false, attempts: [] })
      same(new Set(await dueIds(store, lease)), new Set([flying.id, waiting.id]))
      same(await store.recover(lease, { deadLetterActions: [] }), { unknown: 0 })
    },
  },
  {
    name: 'an unknown attempt of an action that must not repeat becomes a dead letter',
    run: async ({ store }) => {
      const crashed = await newLease(store, { ttlMs: 500 })
      const [pay, ping] = [
        delivery(crashed, { action: 'pay', startsNow: true }),
        delivery(crashed, { action: 'ping', startsNow: true }),
      ]
      await store.advance(crashed, advance({ deliveries: [pay, ping] }))
      const lease = await takeOver(store, crashed)
      same(await store.recover(lease, { deadLetterActions: ['pay'] }), { unknown: 2 })
      holds(await found(store, pay), { state: 'dead', inFlight: false })
      same(await dueIds(store, lease), [ping.id])
      const letter = await store.deadLetters.get(pay.id)
      holds(letter ?? {}, { kind: 'delivery', action: 'pay' })
      same(letter?.kind === 'delivery' && letter.attempts.map(({ outcome }) => outcome), ['unknown'])
    },
  },
  {
    name: 'an unknown last attempt may start once more',
    run: async ({ store }) => {
      const crashed = await newLease(store, { ttlMs: 500 })
      const last = delivery(crashed, { startsNow: true, maxAttempts: 1 })
      await store.advance(crashed, advance({ deliveries: [last] }))
      const lease = await takeOver(store, crashed)
      await store.recover(lease, { deadLetterActions: [] })
      holds(await found(store, last), { state: 'unknown', attemptsLeft: 1 })
      same(await dueIds(store, lease), [last.id])
    },
  },
  {
    name: 'the owner before the takeover cannot settle what the next one recovered',
    run: async ({ store }) => {
      const crashed = await newLease(store, { ttlMs: 500 })
      const flying = delivery(crashed, { startsNow: true })
      await store.advance(crashed, advance({ deliveries: [flying] }))
      const lease = await takeOver(store, crashed)
      await store.recover(lease, { deadLetterActions: [] })
      await refused(store.settle(crashed, { finished: [succeeded(flying.id, 1)], starting: [] }), {
        code: 'ERR_FENCED',
      })
      holds(await found(store, flying), { state: 'unknown', attempts: [{ outcome: 'unknown' }] })
    },
  },
]
