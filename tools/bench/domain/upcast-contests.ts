import { createStreamId, defineEvents, parseCommitId, parseEventId } from '@millrace/contracts'
import type { Envelope, EventVersion } from '@millrace/contracts'
import { defineUpcasters } from '@millrace/upcasting'
import { z } from 'zod'

import type { Contest } from '../harness/contest.ts'
import { raceOf, throughAll } from '../harness/race.ts'
import { figure } from '../harness/samplers.ts'
import { seedContest, seedMicroseconds } from './seed.ts'

interface V1 {
  readonly name: string
  readonly price: number
  readonly sku: string
}

interface V2 {
  readonly first: string
  readonly last: string
  readonly price: number
  readonly sku: string
}

interface V3 {
  readonly first: string
  readonly last: string
  readonly cents: number
  readonly sku: string
}

interface V4 extends V3 {
  readonly currency: string
}

function splitName({ name, price, sku }: V1): V2 {
  const [first = '', last = ''] = name.split(' ')
  return { first, last, price, sku }
}

function toCents({ first, last, price, sku }: V2): V3 {
  return { first, last, cents: Math.round(price * 100), sku }
}

function addCurrency({ first, last, cents, sku }: V3): V4 {
  return { first, last, cents, sku, currency: 'EUR' }
}

const currentVersion = 4
const Sales = defineEvents({
  ItemSold: {
    schema: z.object({
      first: z.string(),
      last: z.string(),
      cents: z.number(),
      currency: z.string(),
      sku: z.string(),
    }),
    version: currentVersion,
  },
})
const upcasters = defineUpcasters(Sales, { ItemSold: { 1: splitName, 2: toCents, 3: addCurrency } })

const count = 1000
const laps = 50
const commitId = parseCommitId('00000000000000000000000000')

function envelopes(schemaVersion: number, data: (i: number) => unknown): readonly Envelope[] {
  const streamId = createStreamId('sale', '1')
  const at = new Date()
  return Array.from({ length: count }, (_, i) => ({
    id: parseEventId(String(i).padStart(26, '0')),
    streamId,
    type: 'ItemSold',
    schemaVersion,
    version: (i + 1) as EventVersion,
    position: { generation: 'bench', commit: i + 1, index: 0 },
    commitId,
    occurredAt: at,
    recordedAt: at,
    metadata: {},
    tags: [],
    bucket: 0,
    data: data(i),
  }))
}

const sold = (i: number): V1 => ({ name: 'Jane Doe', price: 12.5 + i, sku: `sku-${i}` })
const soldToday = (i: number): V4 => addCurrency(toCents(splitName(sold(i))))

/** An event with nothing but what its upcast needs. */
interface BareEvent {
  readonly type: string
  readonly schemaVersion: number
  readonly data: unknown
}

function bareUpcast(event: BareEvent): BareEvent {
  const second = { type: event.type, schemaVersion: 2, data: splitName(event.data as V1) }
  const third = { type: second.type, schemaVersion: 3, data: toCents(second.data) }
  return { type: third.type, schemaVersion: 4, data: addCurrency(third.data) }
}

const bareOf = ({ type, schemaVersion, data }: BareEvent): BareEvent => ({ type, schemaVersion, data })

/** Each item is both: our side lifts the envelope, the other one the bare event. */
interface Pair {
  readonly envelope: Envelope
  readonly bare: BareEvent
}

const nanosecondsPerSecond = 1_000_000_000
/** What an event may cost that needs no lifting. */
const limitNs = 20

/** What upcasting costs above the functions of the steps. */
export const upcastContests: readonly Contest[] = [
  {
    name: 'upcast of 3 steps',
    unit: 'ns',
    yardstick: 'the three functions inline',
    goal: 2.2,
    open: async () =>
      raceOf({
        items: envelopes(1, sold).map((envelope): Pair => ({ envelope, bare: bareOf(envelope) })),
        ours: ({ envelope }) => upcasters.upcast(envelope),
        bare: ({ bare }) => bareUpcast(bare),
        laps,
      }),
  },
  {
    name: 'upcast of what is current',
    unit: 'ns',
    yardstick: `our limit: ${limitNs} ns`,
    goal: 1,
    open: async () => ({
      measured: throughAll(envelopes(currentVersion, soldToday), upcasters.upcast, laps * 4),
      yardstick: figure(nanosecondsPerSecond / limitNs),
      async [Symbol.asyncDispose]() {},
    }),
  },
  seedContest('event migrated through 3 steps and validated', seedMicroseconds.migratedEvent, async () => ({
    measured: throughAll(
      Array.from({ length: count }, (_, i) => sold(i)),
      (data) => upcasters.migrateToCurrent('ItemSold', data),
      laps,
    ),
    async [Symbol.asyncDispose]() {},
  })),
]
