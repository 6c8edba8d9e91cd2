import { createEventDecoder, createStreamId } from '@millrace/contracts'
import type { DeadLetter, EventStore, ProcessorStore } from '@millrace/contracts'
import { openMemoryStore } from '@millrace/memory'
import { openObservers } from '@millrace/observers'
import type { ObserverDefinition, ObserversOptions } from '@millrace/observers'
import { openPg, openProcessorStore } from '@millrace/postgres'
import { createProcessorRuntime } from '@millrace/processing'
import { DnsReceiver, HttpReceiver } from '@millrace/tools/receivers'
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest'

import { eventually } from './support/eventually.ts'
import { fresh, openLedger, openRig } from './support/rig.ts'
import type { Ledger } from './support/rig.ts'

let ledger: Ledger
let receiver: HttpReceiver
beforeAll(async () => {
  ledger = await openLedger()
})
afterAll(async () => {
  await ledger[Symbol.asyncDispose]()
})
beforeEach(async () => {
  receiver = await HttpReceiver.open()
  return async () => await receiver[Symbol.asyncDispose]()
})

const placed = { type: 'order-placed', data: { total: 150 } }
const quick = { shape: 'fixed', initialMs: 5, jitter: 'none', maxAttempts: 3 } as const

/** A rule with one webhook to the receiver. */
function told(more: object = {}): ObserverDefinition {
  return {
    name: fresh('rule'),
    actions: [{ action: 'webhook', name: 'told', url: `${receiver.url}/told`, retry: quick, ...more }],
  }
}

/** One process of several that share a log and a schema of the real server. */
interface Member extends AsyncDisposable {
  readonly store: ProcessorStore
}

async function openMember(
  events: EventStore,
  schema: string,
  options: Omit<ObserversOptions, 'files'>,
): Promise<Member> {
  const database = await openPg({ url: inject('servers').postgres, poolSize: 3 })
  const store = await openProcessorStore({ database, schema })
  const observers = openObservers({ allowHosts: ['127.0.0.1'], ...options })
  const runtime = createProcessorRuntime({
    log: events.log,
    store,
    decode: createEventDecoder(),
    processors: observers.processors,
    leaseTtlMs: 3_000,
    pollMs: 50,
  })
  await runtime.start()
  return {
    store,
    [Symbol.asyncDispose]: async () => {
      await runtime[Symbol.asyncDispose]()
      await observers[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

async function deadLettersOf(store: ProcessorStore, processor: string): Promise<readonly DeadLetter[]> {
  const { items } = await store.deadLetters.list({ processor, kind: 'delivery' })
  return items.filter((each) => each.kind === 'delivery')
}

/** A schema that is dropped when everything opened after it is closed. */
function freshSchema(prefix: string): { readonly schema: string } & AsyncDisposable {
  const schema = `traps_${fresh(prefix).replace('-', '_')}`
  return {
    schema,
    [Symbol.asyncDispose]: async () => {
      await using database = await openPg({ url: inject('servers').postgres, poolSize: 1 })
      await database.script(`drop schema if exists ${schema} cascade`)
    },
  }
}

test('trap 1: an action whose attempts are used up is a dead letter with all of them, for the next process too', async () => {
  await using events = await openMemoryStore()
  await using place = freshSchema('a')
  const { schema } = place
  const rule = told()
  const id = { letter: '' }
  receiver.behave({ kind: 'answer', status: 503 })
  {
    await using member = await openMember(events, schema, { observers: [rule] })
    await events.append(createStreamId('order', '1'), [placed], { expectedVersion: 'any' })
    await eventually(async () => (await deadLettersOf(member.store, rule.name)).length).toBe(1)
  }
  receiver.behave({ kind: 'answer', status: 200 })
  await using next = await openMember(events, schema, { observers: [rule] })
  const [letter] = await deadLettersOf(next.store, rule.name)
  id.letter = letter?.id ?? ''
  expect(letter).toMatchObject({
    action: 'told',
    attempts: [1, 2, 3].map((number) => ({ number, outcome: 'failed', statusCode: 503 })),
    record: expect.anything() as unknown,
  })
  expect(await next.store.deadLetters.retry(id.letter, 'ann')).toBe(true)
  await receiver.received(4)
  await eventually(async () => await deadLettersOf(next.store, rule.name)).toEqual([])
  expect(new Set(receiver.requests.map(({ headers }) => headers['idempotency-key']))).toEqual(
    new Set([id.letter]),
  )
})

test('trap 7: of three processes with the same rule one tells of each event', async () => {
  await using events = await openMemoryStore()
  await using place = freshSchema('b')
  const { schema } = place
  const rule: ObserverDefinition = { ...told({ order: 'none' }), partitions: 4 }
  await using members = new AsyncDisposableStack()
  const stores: ProcessorStore[] = []
  for (let n = 0; n < 3; n++) {
    const { store } = members.use(await openMember(events, schema, { observers: [rule] }))
    stores.push(store)
  }
  for (let n = 0; n < 40; n++)
    await events.append(createStreamId('order', String(n)), [placed], { expectedVersion: 'any' })
  const states = async (): Promise<readonly string[]> => {
    const { items } = (await stores[0]?.listDeliveries({ processor: rule.name, limit: 1000 })) ?? {
      items: [],
    }
    return items.map(({ state }) => state)
  }
  await eventually(states).toEqual(Array.from({ length: 40 }, () => 'delivered'))
  expect(receiver.requests).toHaveLength(40)
  expect(new Set(receiver.requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(40)
  await members.disposeAsync()
})

test('trap 9: what waits for its next attempt holds no place, neither of its action nor of its destination', async () => {
  const rule = told({
    order: 'none',
    concurrency: 1,
    url: `${receiver.url}/{{ event.stream }}`,
    retry: { ...quick, initialMs: 60_000, capMs: 60_000 },
  })
  receiver.behave(({ path }) => ({ kind: 'answer', status: path === '/order-bad' ? 503 : 200 }))
  const destinations = { [receiver.host]: { concurrency: 1 } }
  await using rig = await openRig(ledger, [rule], { destinations })
  await rig.append('bad', placed)
  await receiver.received(1)
  for (let n = 0; n < 10; n++) await rig.append(String(n), placed)
  await eventually(() => rig.states(rule.name)).toEqual({ retrying: 1, delivered: 10 })
  expect(rig.observers.status().destinations).toMatchObject([{ name: receiver.host, inFlight: 0 }])
})

/** In 2000::/16, which nobody has: public, as far as ranges tell, and never there. */
const publicAddress = '2000::1'

test('trap 11: a name that leads into the private network at its second look-up leads nowhere', async () => {
  await using names = await DnsReceiver.open()
  names.answer('shop.example', [publicAddress], ['::ffff:7f00:1'])
  const { port } = new URL(receiver.url)
  const rule = told({ url: `http://shop.example:${port}/`, timeoutMs: 300 })
  const resolveHost: typeof names.resolve = async (host) => await names.resolve(host, 6)
  await using rig = await openRig(ledger, [rule], { allowHosts: [], resolveHost })
  await rig.append('1', placed)
  await eventually(() => rig.states(rule.name)).toEqual({ dead: 1 })
  const [letter] = await rig.deadLetters(rule.name)
  expect(letter?.reason).toContain('shop.example is no public address')
  // The first look-up was of the attempt that found nobody there; of that one connection there was no second.
  expect(names.questions).toHaveLength(2)
  expect(receiver.requests).toEqual([])
})

test('trap 11: of the addresses of a name only the public ones are called, and none where all are private', async () => {
  await using names = await DnsReceiver.open()
  const { port } = new URL(receiver.url)
  names.answer('mixed.example', ['127.0.0.1', '10.0.0.1', '169.254.169.254'])
  names.answer('allowed.example', ['127.0.0.1'])
  const refused = told({ url: `http://mixed.example:${port}/` })
  const allowed = told({ url: `http://allowed.example:${port}/` })
  const options = { allowHosts: ['allowed.example'], resolveHost: names.resolve }
  await using rig = await openRig(ledger, [refused, allowed], options)
  await rig.append('1', placed)
  await eventually(() => rig.states(refused.name)).toEqual({ dead: 1 })
  await eventually(() => rig.states(allowed.name)).toEqual({ delivered: 1 })
  expect(receiver.requests.map(({ headers }) => headers['host'])).toEqual([`allowed.example:${port}`])
})
