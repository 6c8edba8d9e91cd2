import type { Lease, LeaseAttempt, ProcessorStore } from '@millrace/contracts'

import { holds, refused, same } from '../suite/assertions.ts'
import { freshName } from '../suite/fixtures.ts'
import { waitUntil } from '../suite/wait-until.ts'
import {
  advance,
  delivery,
  longMs,
  newLease,
  newProcessor,
  parked,
  place,
  statusOf,
  take,
  takeOver,
} from './bench.ts'
import type { EffectFreeStoreCase, ProcessorStoreCase } from './bench.ts'

const ask = async (store: ProcessorStore, processor: string): Promise<LeaseAttempt> =>
  await store.acquire({ processor, partition: 0 }, { owner: freshName('owner'), ttlMs: longMs })

/** Registration. */
export const registerCases: readonly EffectFreeStoreCase[] = [
  {
    name: 'a new processor stands at its start in every partition, and nobody owns it',
    run: async ({ store }) => {
      const processor = freshName('p')
      await store.register({ processor, partitions: 3, log: 'suite', start: place(7, 2) })
      const status = await statusOf(store, processor)
      same(
        status.map(({ partition }) => partition),
        [0, 1, 2],
      )
      const fresh = {
        log: 'suite',
        checkpoint: place(7, 2),
        owner: undefined,
        paused: false,
        recordsHandled: 0,
        lastError: undefined,
      }
      for (const each of status)
        holds(each, { ...fresh, openDeliveries: 0, parkedRecords: 0, deadLetters: 0 })
    },
  },
  {
    name: 'a known processor may register again, and its start was resolved once',
    run: async ({ store }) => {
      const processor = await newProcessor(store, { partitions: 2 })
      const again = { processor, partitions: 2, log: 'suite', start: place(99) }
      await Promise.all(Array.from({ length: 5 }, async () => await store.register(again)))
      same(
        (await statusOf(store, processor)).map(({ checkpoint }) => checkpoint),
        [place(0), place(0)],
      )
    },
  },
  {
    name: 'many members may register one new processor at once',
    run: async ({ store }) => {
      const registration = { processor: freshName('p'), partitions: 2, log: 'suite', start: place(0) }
      await Promise.all(Array.from({ length: 8 }, async () => await store.register(registration)))
      same((await statusOf(store, registration.processor)).length, 2)
    },
  },
  {
    name: 'a known processor is refused another number of partitions and another log',
    run: async ({ store }) => {
      const processor = await newProcessor(store, { partitions: 2 })
      const known = { processor, partitions: 2, log: 'suite', start: place(0) }
      await refused(store.register({ ...known, partitions: 3 }), { code: 'ERR_CONFIGURATION' })
      await refused(store.register({ ...known, log: 'another' }), { code: 'ERR_CONFIGURATION' })
      same(
        (await statusOf(store, processor)).map(({ log }) => log),
        ['suite', 'suite'],
      )
    },
  },
  {
    name: 'a checkpoint of another generation of the log is refused',
    run: async ({ store }) => {
      const processor = await newProcessor(store)
      const start = { ...place(0), generation: 'another' }
      await refused(store.register({ processor, partitions: 1, log: 'suite', start }), {
        code: 'ERR_LOG_REPLACED',
      })
    },
  },
]

/** What a holder does, to be tried with a lease that was taken over. */
type HolderWrite = readonly [string, (store: ProcessorStore, lease: Lease) => Promise<unknown>]

const writes: readonly HolderWrite[] = [
  ['renew', async (store, lease) => await store.renew(lease, longMs)],
  ['recover', async (store, lease) => await store.recover(lease, { deadLetterActions: [] })],
  ['settle', async (store, lease) => await store.settle(lease, { finished: [], starting: [] })],
  ['due', async (store, lease) => await store.due(lease, { limit: 10, actions: ['webhook'] })],
  ['parkedToRetry', async (store, lease) => await store.parkedToRetry(lease, 10)],
  ['reportError', async (store, lease) => await store.reportError(lease, 'late')],
]

const effectWrites: readonly HolderWrite[] = [
  ['parkAgain', async (store, lease) => await store.parkAgain(lease, 'r', 'again')],
]

const fenced = ([method, write]: HolderWrite): EffectFreeStoreCase => ({
  name: `a holder that was overtaken is refused at ${method}`,
  run: async ({ store }) => {
    const stale = await newLease(store, { ttlMs: 1 })
    const lease = await takeOver(store, stale)
    await refused(write(store, stale), { code: 'ERR_FENCED', epoch: stale.epoch })
    holds((await statusOf(store, lease.processor))[0] ?? {}, {
      owner: lease.owner,
      epoch: lease.epoch,
      lastError: undefined,
    })
  },
})

/** Leases and their epochs. */
export const leaseCases: readonly EffectFreeStoreCase[] = [
  {
    name: 'a lease is granted to one owner; another is told who holds it and until when',
    run: async ({ store }) => {
      const lease = await newLease(store)
      same(lease.checkpoint, place(0))
      const busy = await ask(store, lease.processor)
      holds(busy, { kind: 'busy', heldBy: lease.owner })
      same(busy.kind === 'busy' && busy.until.getTime() > Date.now(), true)
      holds((await statusOf(store, lease.processor))[0] ?? {}, { owner: lease.owner, epoch: lease.epoch })
    },
  },
  {
    name: 'of many that ask at once one is granted the lease',
    run: async ({ store }) => {
      const processor = await newProcessor(store)
      const attempts = await Promise.all(Array.from({ length: 12 }, async () => await ask(store, processor)))
      same(attempts.map(({ kind }) => kind).toSorted(), [
        ...Array.from({ length: 11 }, () => 'busy'),
        'granted',
      ])
    },
  },
  {
    name: 'each partition has a lease of its own',
    run: async ({ store }) => {
      const processor = await newProcessor(store, { partitions: 2 })
      for (const partition of [0, 1]) {
        const granted = await store.acquire(
          { processor, partition },
          { owner: `o${partition}`, ttlMs: longMs },
        )
        holds(granted, { kind: 'granted', lease: { partition, owner: `o${partition}` } })
      }
    },
  },
  {
    name: 'a lease that ran out is taken over under the next epoch, with the checkpoint it left',
    run: async ({ store }) => {
      const stale = await newLease(store, { ttlMs: 200 })
      await store.advance(stale, advance({ checkpoint: place(5, 1) }))
      const lease = await takeOver(store, stale)
      same([lease.epoch, lease.checkpoint], [stale.epoch + 1, place(5, 1)])
    },
  },
  {
    name: 'who takes a lease that ran out is told whose it was, and nobody else is',
    run: async ({ store }) => {
      const stale = await newLease(store, { ttlMs: 1 })
      const { processor, partition } = stale
      const granted: Extract<LeaseAttempt, { kind: 'granted' }>[] = []
      const takenBy = async (owner: string): Promise<string | undefined> => {
        await waitUntil(
          async () => {
            const asked = await store.acquire({ processor, partition }, { owner, ttlMs: 1 })
            if (asked.kind === 'granted') granted.push(asked)
            return asked.kind === 'granted'
          },
          { what: 'the lease to run out' },
        )
        return granted.at(-1)?.takenFrom
      }
      same([await takenBy('heir'), await takenBy('heir')], [stale.owner, undefined])
      const last = granted.at(-1)
      if (last !== undefined) await store.release(last.lease)
      same(await takenBy('next'), undefined)
    },
  },
  {
    name: 'a lease that is given back is free at once, under a later epoch',
    run: async ({ store }) => {
      const first = await newLease(store)
      await store.release(first)
      same((await statusOf(store, first.processor))[0]?.owner, undefined)
      same((await take(store, first.processor)).epoch > first.epoch, true)
    },
  },
  {
    name: 'a renewed lease lasts from its renewal on',
    run: async ({ store }) => {
      const lease = await newLease(store, { ttlMs: 5_000 })
      await store.renew(lease, longMs)
      const busy = await ask(store, lease.processor)
      same(busy.kind === 'busy' && busy.until.getTime() > Date.now() + longMs / 2, true)
      await store.renew(lease, 1)
      same((await takeOver(store, lease)).epoch, lease.epoch + 1)
    },
  },
  {
    name: 'giving back a lease that has passed on does nothing',
    run: async ({ store }) => {
      const stale = await newLease(store, { ttlMs: 1 })
      const lease = await takeOver(store, stale)
      await store.release(stale)
      holds(await ask(store, lease.processor), { kind: 'busy', heldBy: lease.owner })
    },
  },
  {
    name: 'a lease that ran out and that nobody took may still be renewed',
    run: async ({ store }) => {
      const lease = await newLease(store, { ttlMs: 1 })
      await waitUntil(async () => (await statusOf(store, lease.processor))[0]?.owner === undefined, {
        what: 'the lease to run out',
      })
      await store.renew(lease, longMs)
      holds(await ask(store, lease.processor), { kind: 'busy', heldBy: lease.owner })
    },
  },
  {
    name: 'a holder that gave its lease back writes no more',
    run: async ({ store }) => {
      const lease = await newLease(store)
      await store.release(lease)
      await refused(store.advance(lease, advance()), { code: 'ERR_FENCED', epoch: lease.epoch })
      await refused(store.renew(lease, longMs), { code: 'ERR_FENCED', epoch: lease.epoch })
    },
  },
  ...writes.map(fenced),
  {
    name: 'a holder that was overtaken cannot move the checkpoint',
    run: async ({ store }) => {
      const stale = await newLease(store, { ttlMs: 1 })
      const lease = await takeOver(store, stale)
      const late = advance({ checkpoint: place(9), records: 3 })
      await refused(store.advance(stale, late), { code: 'ERR_FENCED', epoch: stale.epoch })
      holds((await statusOf(store, lease.processor))[0] ?? {}, { checkpoint: place(0), recordsHandled: 0 })
      await store.advance(lease, late)
      await refused(store.advance(stale, late), { code: 'ERR_FENCED', epoch: stale.epoch })
      holds((await statusOf(store, lease.processor))[0] ?? {}, { checkpoint: place(9), recordsHandled: 3 })
    },
  },
  {
    name: 'the same owner that asks again gets a new epoch, and its earlier self is refused',
    run: async ({ store }) => {
      const processor = await newProcessor(store)
      const owner = freshName('owner')
      const leases: Lease[] = []
      for (let n = 0; n < 2; n++) {
        const asked = await store.acquire({ processor, partition: 0 }, { owner, ttlMs: longMs })
        if (asked.kind === 'granted') leases.push(asked.lease)
      }
      const [before, after] = leases
      if (before === undefined || after === undefined) throw new Error('an owner was refused its own lease')
      same(after.epoch, before.epoch + 1)
      const facts = { code: 'ERR_FENCED', epoch: before.epoch, currentEpoch: after.epoch } as const
      await refused(store.advance(before, advance()), facts)
      await store.advance(after, advance())
    },
  },
  {
    name: 'a partition that was never registered is refused',
    run: async ({ store }) => {
      const processor = await newProcessor(store, { partitions: 2 })
      const options = { owner: freshName('owner'), ttlMs: longMs }
      for (const partition of [2, -1])
        await refused(store.acquire({ processor, partition }, options), { code: 'ERR_CONFIGURATION' })
      await refused(store.acquire({ processor: freshName('nobody'), partition: 0 }, options), {
        code: 'ERR_CONFIGURATION',
      })
    },
  },
  {
    name: 'a paused processor is granted no lease until it is resumed',
    run: async ({ store }) => {
      const lease = await newLease(store)
      await store.release(lease)
      same(await store.setPaused(lease.processor, { paused: true, by: 'ada' }), true)
      same(await ask(store, lease.processor), { kind: 'paused' })
      same((await statusOf(store, lease.processor))[0]?.paused, true)
      same(await store.setPaused(lease.processor, { paused: false, by: 'ada' }), true)
      holds(await ask(store, lease.processor), { kind: 'granted' })
      same(await store.setPaused(freshName('nobody'), { paused: true, by: 'ada' }), false)
    },
  },
  {
    name: 'the last failure of a partition shows in its status',
    run: async ({ store }) => {
      const lease = await newLease(store)
      await store.reportError(lease, 'the disk is on fire')
      same((await statusOf(store, lease.processor))[0]?.lastError, 'the disk is on fire')
    },
  },
]

/** The fence of what carries effects. */
export const effectFenceCases: readonly ProcessorStoreCase[] = [
  ...effectWrites.map(fenced),
  {
    name: 'a holder that was overtaken cannot advance, and nothing of it is written',
    run: async ({ store, set, get }) => {
      const stale = await newLease(store, { ttlMs: 1 })
      const lease = await takeOver(store, stale)
      const key = freshName('k')
      const [late, aside] = [delivery(stale), parked()]
      const change = advance({
        checkpoint: place(9),
        records: 3,
        writes: [set(key, 'late')],
        deliveries: [late],
        parked: [aside],
      })
      await refused(store.advance(stale, change), { code: 'ERR_FENCED', epoch: stale.epoch })
      same([await get(key), await store.getDelivery(late.id)], [undefined, undefined])
      holds((await statusOf(store, lease.processor))[0] ?? {}, {
        checkpoint: place(0),
        recordsHandled: 0,
        openDeliveries: 0,
        parkedRecords: 0,
      })
    },
  },
]
