import type { PartitionStatus, ProcessorStore } from '@millrace/contracts'

import { holds, outcomeOf, refused, same } from '../suite/assertions.ts'
import { freshName } from '../suite/fixtures.ts'
import { waitUntil } from '../suite/wait-until.ts'
import {
  advance,
  bury,
  delivery,
  dueOf,
  newLease,
  newProcessor,
  openAll,
  parked,
  place,
  recordCopy,
  succeeded,
} from './bench.ts'
import type { ProcessorStoreCase } from './bench.ts'

async function partitionOf(store: ProcessorStore, processor: string): Promise<PartitionStatus> {
  const found = (await store.status()).find((each) => each.processor === processor)
  if (found === undefined) throw new Error(`processor ${processor} has no status`)
  return found
}

/** What one handled batch changes. */
export const advanceCases: readonly ProcessorStoreCase[] = [
  {
    name: 'an advance moves the checkpoint with its writes, deliveries and parked records',
    run: async ({ store, set, get }) => {
      const lease = await newLease(store)
      const [key, aside] = [freshName('k'), parked()]
      const opened = delivery(lease)
      const writes = [set(key, 'first'), set(key, 'second')]
      await store.advance(
        lease,
        advance({ checkpoint: place(4, 2), records: 5, writes, deliveries: [opened], parked: [aside] }),
      )
      await store.advance(lease, advance({ checkpoint: place(5), records: 2 }))
      same(await get(key), 'second')
      const counts = { recordsHandled: 7, openDeliveries: 1, parkedRecords: 1, deadLetters: 0 }
      holds(await partitionOf(store, lease.processor), { checkpoint: place(5), ...counts })
    },
  },
  {
    name: 'when one statement fails nothing of its advance is written',
    run: async ({ store, set, get, failing }) => {
      const lease = await newLease(store)
      const [key, aside] = [freshName('k'), parked()]
      const opened = delivery(lease)
      const writes = [set(key, 'first'), failing, set(key, 'second')]
      const change = advance({
        checkpoint: place(4),
        records: 5,
        writes,
        deliveries: [opened],
        parked: [aside],
      })
      same((await outcomeOf(store.advance(lease, change))) instanceof Error, true)
      same([await get(key), await store.getDelivery(opened.id)], [undefined, undefined])
      same((await store.deadLetters.list({ processor: lease.processor })).items, [])
      holds(await partitionOf(store, lease.processor), {
        checkpoint: place(0),
        recordsHandled: 0,
        openDeliveries: 0,
        parkedRecords: 0,
      })
      await store.advance(lease, advance({ writes: [set(key, 'after')] }))
      same(await get(key), 'after')
    },
  },
  {
    name: 'the backlog is as old as its oldest open delivery, and of no age where there is none',
    run: async ({ store }) => {
      const lease = await newLease(store)
      same((await partitionOf(store, lease.processor)).backlogAgeMs, 0)
      const opened = delivery(lease, { startsNow: true })
      await store.advance(lease, advance({ deliveries: [opened] }))
      const age = async (): Promise<number> => (await partitionOf(store, lease.processor)).backlogAgeMs
      await waitUntil(async () => (await age()) >= 20, { what: 'the backlog to age' })
      await store.advance(lease, advance({ deliveries: [delivery(lease)] }))
      same((await age()) >= 20, true)
      await store.settle(lease, { finished: [succeeded(opened.id, 1)], starting: [] })
      same((await partitionOf(store, lease.processor)).openDeliveries, 1)
      const other = await newLease(store)
      same((await partitionOf(store, other.processor)).backlogAgeMs, 0)
    },
  },
  {
    name: 'a new delivery is open, and one that starts at once is in flight',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const [waiting, started] = [
        delivery(lease),
        delivery(lease, { startsNow: true, position: place(3, 4), key: 'cart-🦀' }),
      ]
      same(await store.advance(lease, advance({ deliveries: [waiting, started] })), { started: [started.id] })
      const fresh = {
        processor: lease.processor,
        partition: 0,
        action: 'webhook',
        state: 'open',
        attempts: [],
        endedAt: undefined,
      }
      holds((await store.getDelivery(waiting.id)) ?? {}, {
        ...fresh,
        id: waiting.id,
        inFlight: false,
        attemptsLeft: 3,
      })
      const flying = await store.getDelivery(started.id)
      holds(flying ?? {}, {
        ...fresh,
        inFlight: true,
        attemptsLeft: 2,
        recordId: started.recordId,
        position: place(3, 4),
        key: 'cart-🦀',
      })
      same(
        (await dueOf(store, lease)).deliveries.map(({ id }) => id),
        [waiting.id],
      )
    },
  },
  {
    name: 'a delivery that is known stays as it is, open or ended',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const [open, done] = [delivery(lease), delivery(lease, { startsNow: true })]
      await openAll(store, lease, [open, done])
      await store.settle(lease, { finished: [succeeded(done.id, 1)], starting: [] })
      const dead = await bury(store, lease)
      const again = [open, done, dead].map((each) => ({ ...each, maxAttempts: 9, startsNow: true }))
      same(await store.advance(lease, advance({ deliveries: again })), { started: [] })
      const states = await Promise.all(again.map(async ({ id }) => await store.getDelivery(id)))
      same(
        states.map((each) => [each?.state, each?.inFlight]),
        [
          ['open', false],
          ['delivered', false],
          ['dead', false],
        ],
      )
      same(states[0]?.attemptsLeft, 3)
      holds(await partitionOf(store, lease.processor), { openDeliveries: 1, deadLetters: 1 })
    },
  },
  {
    name: 'an advance that is sent again writes nothing twice, and says again what it started',
    run: async ({ store, set, get }) => {
      const lease = await newLease(store)
      const key = freshName('k')
      const [started, aside] = [delivery(lease, { startsNow: true }), parked()]
      const first = advance({
        records: 3,
        writes: [set(key, 'first')],
        deliveries: [started],
        parked: [aside],
      })
      same(await store.advance(lease, first), { started: [started.id] })
      same(await store.advance(lease, { ...first, writes: [set(key, 'second')] }), { started: [started.id] })
      same(await get(key), 'first')
      holds(await partitionOf(store, lease.processor), {
        recordsHandled: 3,
        openDeliveries: 1,
        parkedRecords: 1,
      })
    },
  },
  {
    name: "a checkpoint of another log's generation is refused, and nothing is written",
    run: async ({ store, set, get }) => {
      const lease = await newLease(store)
      const key = freshName('k')
      const foreign = advance({
        checkpoint: { ...place(9), generation: 'another' },
        writes: [set(key, 'lost')],
      })
      await refused(store.advance(lease, foreign), { code: 'ERR_LOG_REPLACED' })
      same(await get(key), undefined)
      holds(await partitionOf(store, lease.processor), { checkpoint: place(0) })
    },
  },
]

/** Records set aside. */
export const parkedCases: readonly ProcessorStoreCase[] = [
  {
    name: 'a parked record is kept with its reason and its bytes',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const bytes = {
        ...recordCopy,
        contentType: 'application/octet-stream',
        payload: new Uint8Array([0, 255, 1]),
        subject: undefined,
      }
      const [text, binary] = [parked(), parked({ record: bytes, reason: 'no codec' })]
      await store.advance(lease, advance({ parked: [text, binary] }))
      for (const { recordId, position, reason, record } of [text, binary]) {
        const found = await store.deadLetters.get(`${recordId}:${lease.processor}`)
        const facts = { kind: 'parked', processor: lease.processor, partition: 0, recordId, position, reason }
        holds(found ?? {}, { ...facts, tries: 1, retryRequested: false, history: [] })
        const { payload, ...rest } = found?.record ?? recordCopy
        const { payload: given, ...facts2 } = record
        same(rest, facts2)
        same(
          typeof payload === 'string' ? payload : [...payload],
          typeof given === 'string' ? given : [...given],
        )
      }
    },
  },
  {
    name: 'a parked record is handled again when asked for, and leaves when that works',
    run: async ({ store, set, get }) => {
      const lease = await newLease(store)
      const key = freshName('k')
      const [asked, other] = [parked(), parked()]
      await store.advance(lease, advance({ parked: [asked, other] }))
      same(await store.parkedToRetry(lease, 10), [])
      const id = `${asked.recordId}:${lease.processor}`
      // Asked twice, as an operator in doubt would.
      for (const by of ['ada', 'bob']) same(await store.deadLetters.retry(id, by), true)
      same(
        (await store.parkedToRetry(lease, 10)).map(({ recordId }) => recordId),
        [asked.recordId],
      )
      // The checkpoint stays where it is: the record was handled again, the log was not read on.
      const { checkpoint } = await partitionOf(store, lease.processor)
      const handled = advance({
        checkpoint,
        records: 1,
        writes: [set(key, 'handled')],
        unparked: [asked.recordId],
      })
      await store.advance(lease, handled)
      await store.advance(lease, { ...handled, writes: [set(key, 'twice')] })
      same(await get(key), 'handled')
      same([await store.deadLetters.get(id), await store.parkedToRetry(lease, 10)], [undefined, []])
      same((await partitionOf(store, lease.processor)).parkedRecords, 1)
    },
  },
  {
    name: 'a parked record that fails again stays parked, with the new reason and who asked',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const aside = parked()
      await store.advance(lease, advance({ parked: [aside] }))
      const id = `${aside.recordId}:${lease.processor}`
      await store.deadLetters.retry(id, 'ada')
      await store.parkAgain(lease, aside.recordId, 'still does not parse')
      same(await store.parkedToRetry(lease, 10), [])
      const found = await store.deadLetters.get(id)
      holds(found ?? {}, { reason: 'still does not parse', tries: 2, retryRequested: false })
      same(
        found?.history.map(({ action, by }) => [action, by]),
        [['retry', 'ada']],
      )
    },
  },
  {
    name: 'streams that parked records hold are told in the order of the log, each with its first record',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const late = parked({ holds: 'cart-1', position: place(7), reason: 'does not parse' })
      const behind = parked({ holds: 'cart-1', position: place(9), waiting: true })
      const early = parked({ holds: 'cart-2', position: place(3, 1), reason: 'is refused' })
      await store.advance(lease, advance({ parked: [behind, late, parked()] }))
      await store.advance(lease, advance({ parked: [early] }))
      const held = await store.deadLetters.held(lease.processor, 10)
      same(
        held.streams.map(({ stream, records, first }) => [stream, records, first.recordId, first.reason]),
        [
          ['cart-2', 1, early.recordId, 'is refused'],
          ['cart-1', 2, late.recordId, 'does not parse'],
        ],
      )
      const id = `${late.recordId}:${lease.processor}`
      const { processor, partition } = lease
      holds(held.streams[1] ?? {}, { processor, partition })
      holds(held.streams[1]?.first ?? {}, { id, position: place(7), tries: 1, retryRequested: false })
      await store.deadLetters.retry(id, 'ada')
      const [, asked] = (await store.deadLetters.held(processor, 10)).streams
      same(asked?.first.retryRequested, true)
      const page = await store.deadLetters.held(processor, 1)
      same([page.count, page.streams.map(({ stream }) => stream)], [2, ['cart-2']])
      same(await store.deadLetters.held(await newProcessor(store), 10), { count: 0, streams: [] })
    },
  },
]
