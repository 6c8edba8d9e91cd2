import { deliveryId, parsePosition } from '@millrace/contracts'
import type {
  Advance,
  Attempt,
  AttemptResult,
  DeliveryVerdict,
  DueDeliveries,
  Lease,
  NewDelivery,
  NewParkedRecord,
  PartitionStatus,
  Position,
  ProcessorStore,
  RecordCopy,
} from '@millrace/contracts'

import type { ContractCase } from '../suite/contract-case.ts'
import { freshName } from '../suite/fixtures.ts'
import { waitUntil } from '../suite/wait-until.ts'
import type { EffectFreeStoreUnderTest, ProcessorStoreUnderTest } from './declaration.ts'

/** One promise of a processor store with effects. */
export type ProcessorStoreCase = ContractCase<ProcessorStoreUnderTest>

/** One promise that a processor store without effects keeps too. */
export type EffectFreeStoreCase = ContractCase<EffectFreeStoreUnderTest>

/** A time-to-live no case outlasts. */
export const longMs = 60_000

/** A place in the log all cases pretend to read. */
export function place(commit: number, index = 0): Position {
  return parsePosition(`suitegeneration:${commit}:${index}`)
}

/** What a case may set of a processor. */
export interface NewProcessor {
  readonly partitions?: number
  readonly ttlMs?: number
}

/** Registers a processor of the case's own, at the log's beginning. */
export async function newProcessor(
  store: ProcessorStore,
  { partitions = 1 }: NewProcessor = {},
): Promise<string> {
  const processor = freshName('p')
  await store.register({ processor, partitions, log: 'suite', start: place(0) })
  return processor
}

/** Acquires a partition that is known to be free. */
export async function take(store: ProcessorStore, processor: string, ttlMs: number = longMs): Promise<Lease> {
  const asked = await store.acquire({ processor, partition: 0 }, { owner: freshName('owner'), ttlMs })
  if (asked.kind !== 'granted') throw new Error(`a free lease of ${processor} was not granted: ${asked.kind}`)
  return asked.lease
}

/** Registers a processor and acquires its first partition. */
export async function newLease(store: ProcessorStore, options: NewProcessor = {}): Promise<Lease> {
  return await take(store, await newProcessor(store, options), options.ttlMs)
}

/** Takes over once the lease has run out by the store's clock. */
export async function takeOver(store: ProcessorStore, { processor, partition }: Lease): Promise<Lease> {
  const owner = freshName('owner')
  const taken: Lease[] = []
  await waitUntil(
    async () => {
      const asked = await store.acquire({ processor, partition }, { owner, ttlMs: longMs })
      if (asked.kind === 'granted') taken.push(asked.lease)
      return asked.kind === 'granted'
    },
    { what: 'the lease to run out' },
  )
  const [lease] = taken
  if (lease === undefined) throw new Error('the lease was taken over')
  return lease
}

let commits = 100

/** An advance by a commit that changes nothing but what is given; each reaches further than the one before. */
export function advance(part: Partial<Advance> = {}): Advance {
  commits += 1
  return {
    checkpoint: place(commits),
    records: 0,
    writes: [],
    deliveries: [],
    parked: [],
    unparked: [],
    ...part,
  }
}

/** A delivery of a record of its own. */
export function delivery({ processor }: Lease, part: Partial<NewDelivery> = {}): NewDelivery {
  const recordId = part.recordId ?? freshName('r')
  const action = part.action ?? 'webhook'
  return {
    id: deliveryId(recordId, processor, action),
    action,
    recordId,
    position: place(1),
    key: 'cart-1',
    maxAttempts: 3,
    startsNow: false,
    ...part,
  }
}

/** Opens deliveries in one advance each, so that the first is the oldest. */
export async function openAll(
  store: ProcessorStore,
  lease: Lease,
  deliveries: readonly NewDelivery[],
): Promise<void> {
  for (const each of deliveries) await store.advance(lease, advance({ deliveries: [each] }))
}

/** The status of a processor's partitions, in their order. */
export async function statusOf(
  store: ProcessorStore,
  processor: string,
): Promise<readonly PartitionStatus[]> {
  return (await store.status())
    .filter((each) => each.processor === processor)
    .toSorted((a, b) => a.partition - b.partition)
}

const actions = ['webhook', 'pay', 'ping', 'a', 'b', 'c', 'd', 'e']

/** What is due of every action the cases use. */
export async function dueOf(store: ProcessorStore, lease: Lease, limit = 10): Promise<DueDeliveries> {
  return await store.due(lease, { limit, actions })
}

/** A finished attempt. */
export function attempt(number: number, part: Partial<Attempt> = {}): Attempt {
  return {
    number,
    startedAt: new Date(1_700_000_000_123 + number),
    durationMs: 12,
    outcome: 'failed',
    ...part,
  }
}

/** A successful attempt and its consequence. */
export function succeeded(id: string, number: number): AttemptResult {
  return {
    deliveryId: id,
    attempt: attempt(number, { outcome: 'delivered' }),
    verdict: { kind: 'delivered' },
  }
}

/** A failed attempt and its consequence. */
export function failed(id: string, number: number, verdict: DeliveryVerdict): AttemptResult {
  return { deliveryId: id, attempt: attempt(number, { statusCode: 503, error: 'unavailable' }), verdict }
}

/** A record as it was when it was set aside. */
export const recordCopy: RecordCopy = {
  contentType: 'application/json',
  payload: '{"text":"a\\u0000b","b":1,"a":2}',
  description: { type: 'fact-recorded', stream: 'cart-1', version: 7 },
  subject: 'person-1',
}

/** A record that could not be handled. */
export function parked(part: Partial<NewParkedRecord> = {}): NewParkedRecord {
  return {
    recordId: freshName('r'),
    position: place(1, 2),
    reason: 'does not parse',
    record: recordCopy,
    ...part,
  }
}

/** Opens a delivery and ends it as a dead letter after one attempt. */
export async function bury(
  store: ProcessorStore,
  lease: Lease,
  part: Partial<NewDelivery> = {},
): Promise<NewDelivery> {
  const dead = delivery(lease, { startsNow: true, maxAttempts: 1, ...part })
  await store.advance(lease, advance({ deliveries: [dead] }))
  const verdict = { kind: 'dead', reason: 'gone for good', record: recordCopy } as const
  await store.settle(lease, { finished: [failed(dead.id, 1, verdict)], starting: [] })
  return dead
}
