import type { millraceMetrics } from '@millrace/contracts'
import { defineAction, defineProcessor } from '@millrace/processing'
import { expect } from 'vitest'

import { eventually } from './eventually.ts'
import type { Shop } from './shop.ts'

/** What makes a metric grow. */
export interface Cause {
  /** What happens, for people. */
  readonly what: string
  /** The series that grows. */
  readonly labels: Readonly<Record<string, string>>
  readonly happen: (shop: Shop) => Promise<void>
}

/** Somebody else takes the lease of `counts`, as after a long pause of this process; then there is something to write. */
async function stealLease({ app, append }: Shop): Promise<void> {
  const { runtime } = app
  await eventually(async () =>
    (await runtime?.status())?.find(({ processor }) => processor === 'counts'),
  ).toMatchObject({ state: 'running', owner: runtime?.owner })
  await app.database.script(
    `update millrace.processor_partitions
     set epoch = epoch + 1, owner = 'thief', lease_until = clock_timestamp() + interval '50 milliseconds'
     where processor = 'counts'`,
  )
  await append('noted')
}

/** A process is stopped while an attempt is under way, and another one takes its work over. */
async function dieInAnAttempt(shop: Shop): Promise<void> {
  const started = Promise.withResolvers<void>()
  const hang = defineAction({
    name: 'hang',
    execute: async ({ signal, attempt }) => {
      if (attempt > 1) return
      started.resolve()
      const { promise, reject } = Promise.withResolvers<never>()
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
      await promise
    },
  })
  const crashed = defineProcessor({
    name: 'crashed',
    startFrom: 'now',
    actions: [hang],
    handle: (batch, context) => {
      for (const envelope of batch) context.deliver('hang', envelope)
    },
  })
  {
    await using first = shop.runtime(crashed)
    await first.start()
    await shop.append('noted')
    await started.promise
  }
  const again = Promise.withResolvers<void>()
  await using second = shop.runtime(crashed)
  second.onChange(({ kind }) => {
    if (kind === 'attempts-unknown') again.resolve()
  })
  await second.start()
  await again.promise
}

/** A process got a lease and never gave it back. */
async function dieWithALease(shop: Shop): Promise<void> {
  const inherited = defineProcessor({ name: 'inherited', startFrom: 'now', handle: () => undefined })
  const { processors, store } = shop.app
  await processors.register({
    processor: 'inherited',
    partitions: 1,
    log: store.log.name,
    start: await store.log.head(),
  })
  await processors.acquire({ processor: 'inherited', partition: 0 }, { owner: 'gone', ttlMs: 50 })
  await using heir = shop.runtime(inherited)
  await heir.start()
  await shop.append('noted')
  await heir.reached('inherited', await store.log.head())
}

async function failThrice({ receiver, append }: Shop): Promise<void> {
  receiver.behave({ kind: 'answer', status: 500 })
  for (let time = 0; time < 3; time++) await append('webhook')
}

const byAppending = (
  type: Parameters<Shop['append']>[0],
  labels: Cause['labels'],
  what: string = `an event ${type}`,
): Cause => ({ what, labels, happen: async ({ append }) => await append(type) })

const orders = { processor: 'orders' }

/** One for every metric there is: one more metric does not compile before its cause is here. */
export const causes: Readonly<Record<keyof typeof millraceMetrics, Cause>> = {
  eventsProcessed: byAppending('noted', orders),
  eventsFailed: byAppending('poison', orders),
  parkedRecords: byAppending('poison', orders),
  deliveries: byAppending('sent', { ...orders, outcome: 'delivered' }),
  actionDuration: byAppending('sent', { type: 'mail', outcome: 'delivered' }),
  retries: byAppending('flaky', { ...orders, reason: 'failed' }),
  deadLetters: byAppending('refused', orders),
  deadLettersWaiting: byAppending('refused', orders),
  openDeliveries: byAppending('held', orders),
  backlogAgeSeconds: byAppending('held', orders),
  lagEvents: {
    what: 'events come while a processor is paused',
    labels: { processor: 'counts' },
    happen: async ({ app, append }) => {
      await app.runtime?.pause('counts')
      // More than may have been on their way before.
      for (let time = 0; time < 20; time++) await append('noted')
    },
  },
  lagSeconds: {
    what: 'a paused processor falls behind',
    labels: { processor: 'counts' },
    happen: async ({ append }) => await append('noted'),
  },
  leaseEpoch: {
    what: 'somebody else takes the lease',
    labels: { processor: 'counts', partition: '0' },
    happen: async (shop) => {
      await shop.app.runtime?.resume('counts')
      await stealLease(shop)
    },
  },
  writesRefused: {
    what: 'a process writes that has lost its lease',
    labels: { processor: 'counts' },
    happen: stealLease,
  },
  failovers: {
    what: 'a process dies with a lease',
    labels: { processor: 'inherited' },
    happen: dieWithALease,
  },
  attemptsUnknown: {
    what: 'a process dies in an attempt',
    labels: { processor: 'crashed' },
    happen: dieInAnAttempt,
  },
  lockRequests: {
    what: 'somebody asks for a lock',
    labels: { outcome: 'busy' },
    happen: async ({ app }) => {
      await app.locks.acquire('till', { owner: 'ann', ttlMs: 60_000 })
      await app.locks.acquire('till', { owner: 'bob', ttlMs: 60_000 })
    },
  },
  observerMatches: byAppending('webhook', { observer: 'hook' }),
  observerFailures: byAppending('webhook', { observer: 'broken-rule' }),
  circuitState: { what: 'a receiver fails', labels: { state: 'open' }, happen: failThrice },
  circuitOpened: { what: 'a receiver fails once more, after a while', labels: {}, happen: failThrice },
  searchBulkDocuments: byAppending('noted', { index: 'orders' }),
  searchDocuments: byAppending('noted', { index: 'orders', outcome: 'written' }),
  dedupClaims: {
    what: 'an id comes a second time',
    labels: { outcome: 'processing' },
    happen: async ({ app }) => {
      await app.dedup.claim('hub', ['17'], { owner: 'ann', leaseMs: 60_000 })
      await app.dedup.claim('hub', ['17'], { owner: 'bob', leaseMs: 60_000 })
    },
  },
  cacheMisses: {
    what: 'a value is asked for that nobody has',
    labels: { space: 'default' },
    happen: async ({ app }) => void (await app.cache.get('nobody')),
  },
  cacheHits: {
    what: 'a value is asked for twice',
    labels: { space: 'default', level: 'local' },
    happen: async ({ app }) => {
      for (let time = 0; time < 2; time++) await app.cache.getOrLoad('customer', async () => 'Ada')
    },
  },
  cacheLocalBytes: {
    what: 'one more value is kept',
    labels: { space: 'default' },
    happen: async ({ app }) => await app.cache.set('another', 'value'),
  },
  cacheEvictions: {
    what: 'there is no room for more values',
    labels: { space: 'default' },
    happen: async ({ app }) => {
      const value = 'x'.repeat(500)
      for (let n = 0; n < 10; n++) await app.cache.getOrLoad(`large-${n}`, async () => value)
    },
  },
  queueDepth: {
    what: 'a job waits',
    labels: { queue: 'default', state: 'waiting' },
    happen: async ({ app }) => void (await app.queue.enqueue('paint', {})),
  },
  cacheStoreFailures: {
    what: 'Redis is away',
    labels: { space: 'default' },
    happen: async ({ app, redis }) => {
      await redis.stop('kill')
      expect(await app.cache.getOrLoad('fresh', async () => 'loaded')).toBe('loaded')
    },
  },
  readFailures: {
    what: 'somebody looks while Redis, which knows the queues, is away',
    labels: {},
    happen: async ({ metrics }) => void (await metrics.text()),
  },
}
