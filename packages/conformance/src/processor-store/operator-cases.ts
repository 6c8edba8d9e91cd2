import type {
  DeadLetterHistoryOptions,
  ListDeadLettersOptions,
  Page,
  ProcessorRequests,
} from '@millrace/contracts'

import { holds, same } from '../suite/assertions.ts'
import { freshName } from '../suite/fixtures.ts'
import {
  advance,
  attempt,
  bury,
  delivery,
  dueOf,
  failed,
  newLease,
  openAll,
  parked,
  recordCopy,
  succeeded,
} from './bench.ts'
import type { ProcessorStoreCase } from './bench.ts'

/** Every item of a list, page by page. */
async function allPages<T>(page: (cursor: string | undefined) => Promise<Page<T>>): Promise<T[][]> {
  const pages: T[][] = []
  let cursor: string | undefined
  do {
    const { items, next } = await page(cursor)
    pages.push([...items])
    cursor = next
  } while (cursor !== undefined)
  return pages
}

const from = (cursor: string | undefined): { cursor?: string } => (cursor === undefined ? {} : { cursor })

/** Dead letters and parked records, for the people who run it. */
export const deadLetterCases: readonly ProcessorStoreCase[] = [
  {
    name: 'a dead letter keeps everything needed to judge it',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const { id, recordId, position } = await bury(store, lease)
      const letter = await store.deadLetters.get(id)
      const facts = {
        kind: 'delivery',
        id,
        processor: lease.processor,
        partition: 0,
        recordId,
        position,
        action: 'webhook',
      }
      holds(letter ?? {}, { ...facts, reason: 'gone for good', record: recordCopy, history: [] })
      same(letter?.kind === 'delivery' && letter.attempts, [
        attempt(1, { statusCode: 503, error: 'unavailable' }),
      ])
      same(letter?.setAsideAt instanceof Date, true)
    },
  },
  {
    name: 'a dead letter retried by hand gets one attempt, and no sibling does',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const [asked, sibling] = [
        await bury(store, lease, { action: 'a', recordId: 'one' }),
        await bury(store, lease, { action: 'b', recordId: 'one' }),
      ]
      same(await store.deadLetters.retry(asked.id, 'ada'), true)
      const { deliveries } = await dueOf(store, lease)
      same(
        deliveries.map(({ id, attemptsLeft, inFlight }) => [id, attemptsLeft, inFlight]),
        [[asked.id, 1, false]],
      )
      same(
        (await store.deadLetters.list({ processor: lease.processor })).items.map(({ id }) => id),
        [sibling.id],
      )
    },
  },
  {
    name: 'a retried dead letter that fails comes back, with every attempt and who asked',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const { id } = await bury(store, lease)
      await store.deadLetters.retry(id, 'ada')
      await store.settle(lease, { finished: [], starting: [id] })
      const verdict = { kind: 'dead', reason: 'still gone', record: recordCopy } as const
      await store.settle(lease, { finished: [failed(id, 2, verdict)], starting: [] })
      const letter = await store.deadLetters.get(id)
      holds(letter ?? {}, { reason: 'still gone' })
      same(letter?.kind === 'delivery' && letter.attempts.map(({ number }) => number), [1, 2])
      same(
        letter?.history.map(({ action, by, at }) => [action, by, at instanceof Date]),
        [['retry', 'ada', true]],
      )
    },
  },
  {
    name: 'a retried dead letter that is delivered is one no more',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const { id } = await bury(store, lease)
      await store.deadLetters.retry(id, 'ada')
      await store.settle(lease, { finished: [], starting: [id] })
      await store.settle(lease, { finished: [succeeded(id, 2)], starting: [] })
      same([await store.deadLetters.get(id), (await store.getDelivery(id))?.state], [undefined, 'delivered'])
      same((await store.getDelivery(id))?.attempts.length, 2)
    },
  },
  {
    name: 'a dead letter or parked record that is removed is gone for good',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const [{ id }, aside] = [await bury(store, lease), parked()]
      await store.advance(lease, advance({ parked: [aside] }))
      for (const each of [id, `${aside.recordId}:${lease.processor}`]) {
        same(await store.deadLetters.remove(each, 'ada'), true)
        same(
          [await store.deadLetters.get(each), await store.deadLetters.retry(each, 'ada')],
          [undefined, false],
        )
      }
      same((await store.deadLetters.list({ processor: lease.processor })).items, [])
    },
  },
  {
    name: 'of two operators that retry one dead letter at once, one did',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const { id } = await bury(store, lease)
      const asked = await Promise.all(['ada', 'bob'].map(async (by) => await store.deadLetters.retry(id, by)))
      same(asked.filter((did) => did).length, 1)
      same(
        (await dueOf(store, lease)).deliveries.map(({ attemptsLeft }) => attemptsLeft),
        [1],
      )
    },
  },
  {
    name: 'a runtime sees in one statement what operators asked of its processors',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const { processor } = lease
      const asked = async (): Promise<ProcessorRequests | undefined> =>
        (await store.requests()).find((each) => each.processor === processor)
      const [{ id }, aside] = [await bury(store, lease), parked()]
      await store.advance(lease, advance({ parked: [aside] }))
      const before = await asked()
      same([before?.paused, before?.retries], [false, 0])
      await store.deadLetters.retry(id, 'ada')
      const between = await asked()
      await store.deadLetters.retry(`${aside.recordId}:${processor}`, 'ada')
      await store.setPaused(processor, { paused: true, by: 'ada' })
      const after = await asked()
      const [one = 0, two = 0] = [between?.retries, after?.retries]
      same([after?.paused, one > 0, two > one], [true, true, true])
    },
  },
  {
    name: 'dead letters are listed by action, which no parked record has',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const { processor } = lease
      const mail = await bury(store, lease, { action: 'mail' })
      const hook = await bury(store, lease, { action: 'hook' })
      await store.advance(lease, advance({ parked: [parked()] }))
      const ids = async (options: ListDeadLettersOptions): Promise<readonly string[]> =>
        (await store.deadLetters.list({ processor, ...options })).items.map(({ id }) => id)
      same(await ids({ action: 'mail' }), [mail.id])
      same(await ids({ action: 'hook', kind: 'delivery' }), [hook.id])
      same(await ids({ action: 'hook', kind: 'parked' }), [])
      same(await ids({ action: 'none' }), [])
      const everywhere = await store.deadLetters.list({ action: 'mail', limit: 1000 })
      same(
        everywhere.items.some(({ id }) => id === mail.id),
        true,
      )
    },
  },
  {
    name: 'what one record caused is found by its id, with what its parts caused, and nothing of others',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const recordId = freshName('record')
      const open = delivery(lease, { recordId, action: 'a' })
      const part = delivery(lease, { recordId: `${recordId}#1`, action: 'a' })
      await openAll(store, lease, [open, part, delivery(lease, { recordId: `${recordId}0`, action: 'a' })])
      const dead = await bury(store, lease, { recordId, action: 'b' })
      const ended = delivery(lease, { recordId, action: 'c', startsNow: true })
      await openAll(store, lease, [ended])
      await store.settle(lease, { finished: [succeeded(ended.id, 1)], starting: [] })
      const aside = parked({ recordId })
      await store.advance(lease, advance({ parked: [aside] }))
      same(
        (await store.deliveriesOf(recordId)).map(({ id, state }) => [id, state]),
        [
          [open.id, 'open'],
          [part.id, 'open'],
          [dead.id, 'dead'],
          [ended.id, 'delivered'],
        ],
      )
      same(
        (await store.deadLetters.ofRecord(recordId)).map(({ id, kind }) => [id, kind]),
        [
          [dead.id, 'delivery'],
          [`${recordId}:${lease.processor}`, 'parked'],
        ],
      )
      same([await store.deliveriesOf(freshName('none')), await store.deadLetters.ofRecord('%')], [[], []])
    },
  },
  {
    name: 'who retried and removed what is kept, newest first, when the dead letter is gone',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const [one, two] = [await bury(store, lease), await bury(store, lease)]
      await store.deadLetters.retry(one.id, 'ada')
      await store.deadLetters.remove(two.id, 'bob')
      await store.setPaused(lease.processor, { paused: true, by: 'eve' })
      const told = async (options: DeadLetterHistoryOptions): Promise<readonly unknown[]> =>
        (await store.deadLetters.history(options)).items.map(({ id, action, by }) => [id, action, by])
      same(await told({ id: two.id }), [[two.id, 'remove', 'bob']])
      same(await told({ limit: 2 }), [
        [two.id, 'remove', 'bob'],
        [one.id, 'retry', 'ada'],
      ])
      const { next } = await store.deadLetters.history({ limit: 1 })
      same(await told({ limit: 1, cursor: next ?? 'none' }), [[one.id, 'retry', 'ada']])
      same(await told({ id: lease.processor }), [])
    },
  },
  {
    name: 'dead letters and parked records are listed oldest first, page by page, by kind',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const { processor } = lease
      const ids: string[] = []
      for (let n = 0; n < 3; n++) {
        ids.push((await bury(store, lease)).id)
        const aside = parked()
        await store.advance(lease, advance({ parked: [aside] }))
        ids.push(`${aside.recordId}:${processor}`)
      }
      const pages = await allPages(
        async (cursor) => await store.deadLetters.list({ processor, limit: 4, ...from(cursor) }),
      )
      same(
        pages.map((items) => items.length),
        [4, 2],
      )
      same(
        pages.flat().map(({ id }) => id),
        ids,
      )
      for (const kind of ['delivery', 'parked'] as const) {
        const { items } = await store.deadLetters.list({ processor, kind })
        same(
          items.map((item) => item.kind),
          [kind, kind, kind],
        )
      }
    },
  },
]

/** Deliveries, for the people who run it. */
export const listCases: readonly ProcessorStoreCase[] = [
  {
    name: 'open and ended deliveries are listed together, newest first, page by page',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const { processor } = lease
      const each = Array.from({ length: 7 }, (_, n) => delivery(lease, { startsNow: n % 2 === 0 }))
      await openAll(store, lease, each)
      const finished = each.filter(({ startsNow }) => startsNow).map(({ id }) => succeeded(id, 1))
      await store.settle(lease, { finished, starting: [] })
      const pages = await allPages(
        async (cursor) => await store.listDeliveries({ processor, limit: 3, ...from(cursor) }),
      )
      same(
        pages.flat().map(({ id }) => id),
        each.map(({ id }) => id).toReversed(),
      )
      same(
        pages.map((items) => items.length),
        [3, 3, 1],
      )
    },
  },
  {
    name: 'deliveries are listed by state',
    run: async ({ store }) => {
      const lease = await newLease(store)
      const { processor } = lease
      const open = delivery(lease)
      await openAll(store, lease, [open])
      const dead = await bury(store, lease)
      for (const [state, id] of [
        ['open', open.id],
        ['dead', dead.id],
      ] as const)
        same(
          (await store.listDeliveries({ processor, state })).items.map((item) => item.id),
          [id],
        )
      same((await store.listDeliveries({ processor, state: 'cancelled' })).items, [])
      same(await store.getDelivery(freshName('none')), undefined)
    },
  },
]
