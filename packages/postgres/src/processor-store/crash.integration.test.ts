import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import type { DeliveryState, FailpointName, Lease, ProcessorStore } from '@millrace/contracts'
import { expect, inject, test, vi } from 'vitest'

import { granted, registered } from '../../fixtures/ledger.ts'
import { freshSchema } from '../../fixtures/schemas.ts'
import { openPg } from '../sql/pg-database.ts'
import { openProcessorStore } from './open-processor-store.ts'

const child = fileURLToPath(new URL('../../fixtures/crash-child.ts', import.meta.url))

async function killedAt(
  failpoint: FailpointName,
  at: { readonly schema: string; readonly processor: string },
): Promise<void> {
  const args = [
    '--conditions=@millrace/source',
    child,
    inject('servers').postgres,
    at.schema,
    at.processor,
    failpoint,
  ]
  const [, signal] = (await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit')) as [
    number,
    string,
  ]
  expect(signal).toBe('SIGKILL')
}

/** Once the lease of the killed process has run out. */
async function takeOver(store: ProcessorStore, processor: string): Promise<Lease> {
  return await vi.waitFor(async () => await granted(store, processor, { owner: 'heir' }), {
    timeout: 10_000,
    interval: 20,
  })
}

interface Left {
  readonly checkpoint: number
  readonly state: DeliveryState | undefined
  readonly outcomes: readonly string[]
  readonly unknown: number
}

const nothing: Left = { checkpoint: 0, state: undefined, outcomes: [], unknown: 0 }
const inFlight: Left = { checkpoint: 1, state: 'unknown', outcomes: ['unknown'], unknown: 1 }
const settled: Left = { checkpoint: 1, state: 'delivered', outcomes: ['delivered'], unknown: 0 }

test.each([
  ['recover:before-commit', nothing],
  ['recover:after-commit', nothing],
  ['advance:before-commit', nothing],
  ['advance:after-commit', inFlight],
  ['settle:before-commit', inFlight],
  ['settle:after-commit', settled],
] as const)('a process killed at %s leaves all of a step or nothing', async (failpoint, left) => {
  await using database = await openPg({ url: inject('servers').postgres, poolSize: 2 })
  const schema = freshSchema('crash')
  const store = await openProcessorStore({ database, schema })
  await database.execute(`create table ${schema}.handled (n int primary key)`)
  const processor = await registered(store, 'crashing')
  await killedAt(failpoint, { schema, processor })
  const lease = await takeOver(store, processor)
  const { unknown } = await store.recover(lease, { deadLetterActions: [] })
  const found = await store.getDelivery(`r1:${processor}:notify`)
  const handled = async (): Promise<readonly number[]> =>
    (await database.query<{ n: number }>(`select n from ${schema}.handled order by n desc`)).map(({ n }) => n)
  // The write of the delivery's end is there with it, or not at all.
  expect(await handled()).toEqual([1, -1].slice(0, left.checkpoint + Number(left.state === 'delivered')))
  expect({
    checkpoint: lease.checkpoint.commit,
    state: found?.state,
    outcomes: found?.attempts.map(({ outcome }) => outcome) ?? [],
    unknown,
  }).toEqual(left)
  if (found?.state !== 'unknown') return
  const again = { statement: `insert into ${schema}.handled values ($1)`, values: [-1] }
  await store.settle(lease, { finished: [], starting: [found.id] })
  const attempt = { number: 2, startedAt: new Date(), durationMs: 1, outcome: 'delivered' } as const
  const delivered = {
    deliveryId: found.id,
    attempt,
    verdict: { kind: 'delivered' } as const,
    writes: [again],
  }
  await store.settle(lease, { finished: [delivered], starting: [] })
  expect(await handled()).toEqual([1, -1])
})

test('a takeover that is killed while it records unknown attempts leaves that to the next, once', async () => {
  await using database = await openPg({ url: inject('servers').postgres, poolSize: 2 })
  const schema = freshSchema('crash')
  const store = await openProcessorStore({ database, schema })
  await database.execute(`create table ${schema}.handled (n int primary key)`)
  const processor = await registered(store, 'crashing')
  for (const failpoint of [
    'advance:after-commit',
    'recover:before-commit',
    'recover:after-commit',
  ] as const) {
    await killedAt(failpoint, { schema, processor })
    await store.release(await takeOver(store, processor))
  }
  const lease = await takeOver(store, processor)
  expect(await store.recover(lease, { deadLetterActions: [] })).toEqual({ unknown: 0 })
  const found = await store.getDelivery(`r1:${processor}:notify`)
  expect(found?.attempts).toMatchObject([{ number: 1, outcome: 'unknown' }])
})
