import { spawnSync } from 'node:child_process'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

import { createStreamId } from '@millrace/contracts'
import { connect, createInbox } from '@nats-io/transport-node'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'

import { freshName } from '../../fixtures/names.ts'
import type { JetStreamStore } from '../store/jetstream-store.ts'
import { openJetStreamStore } from '../store/open-jetstream-store.ts'
import { ownerKey, purposeKey } from './consumer-config.ts'
import type { ConsumerInfo } from './consumer-directory.ts'

const hourNs = 3_600_000_000_000
const name = freshName('consumers')
let store: JetStreamStore
let raw: NatsConnection

beforeAll(async () => {
  const servers = inject('servers').nats
  store = await openJetStreamStore({ servers, name })
  raw = await connect({ servers })
})
afterAll(async () => {
  await store[Symbol.asyncDispose]()
  await raw.close()
})

/** A process that is no more. */
function deadPid(): number {
  return spawnSync(process.execPath, ['--version']).pid
}

/** Opens a consumer past the store, which the server keeps for an hour. */
async function plant(consumer: string, metadata: Readonly<Record<string, string>> = {}): Promise<string> {
  const config = {
    name: consumer,
    ack_policy: 'none',
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: hourNs,
    metadata,
  }
  const request = JSON.stringify({ stream_name: name, config, action: 'create' })
  const answer = await raw.request(`$JS.API.CONSUMER.CREATE.${name}.${consumer}`, request)
  expect(answer.json()).not.toHaveProperty('error')
  return consumer
}

const ownedBy = (owner: string): Readonly<Record<string, string>> => ({
  [ownerKey]: owner,
  [purposeKey]: 'read',
})

async function find(consumer: string): Promise<ConsumerInfo | undefined> {
  return (await store.consumers.list()).find((each) => each.name === consumer)
}

const namesOf = (infos: readonly ConsumerInfo[]): readonly string[] => infos.map((info) => info.name)

test('a consumer of ours is listed with its owner, its purpose and what it has yet to deliver', async () => {
  const stream = createStreamId('order', freshName('a'))
  await store.append(stream, [{ type: 'placed', data: {} }], { expectedVersion: 'any' })
  const consumer = await plant(freshName('millrace-read'), ownedBy(`elsewhere:${process.pid}`))
  expect(await find(consumer)).toMatchObject({
    state: 'idle',
    owner: `elsewhere:${process.pid}`,
    purpose: 'read',
    createdAt: expect.any(Date) as unknown,
    lastActiveAt: undefined,
    pending: 1,
    waiting: 0,
  })
})

test('who waits for messages is active, and is not swept however long nothing has come', async () => {
  const ended = new AbortController()
  const after = await store.log.head()
  const waiting = store.log.waitForMore(after, { timeoutMs: 20_000, signal: ended.signal })
  const active = async (): Promise<readonly ConsumerInfo[]> =>
    (await store.consumers.list()).filter(({ state }) => state === 'active')
  await expect
    .poll(active, { timeout: 10_000 })
    .toMatchObject([{ owner: `${hostname()}:${process.pid}`, purpose: 'log' }])
  const rehearsal = namesOf(await store.consumers.sweep({ idleMs: 1, dryRun: true }))
  expect(rehearsal).not.toContain((await active())[0]?.name)
  ended.abort()
  expect(await waiting).toBe(false)
})

test('what a dead process of this host left over is swept; a rehearsal only names it', async () => {
  const left = await plant(freshName('millrace-log'), ownedBy(`${hostname()}:${deadPid()}`))
  const alive = await plant(freshName('millrace-log'), ownedBy(`${hostname()}:${process.pid}`))
  expect(await find(left)).toMatchObject({ state: 'gone' })
  expect(namesOf(await store.consumers.sweep({ dryRun: true }))).toContain(left)
  expect(await find(left)).toBeDefined()
  expect(namesOf(await store.consumers.sweep())).toContain(left)
  expect(await find(left)).toBeUndefined()
  expect(await find(alive)).toMatchObject({ state: 'idle' })
})

test('what nobody has waited on for long is swept wherever its owner was', async () => {
  const left = await plant(freshName('millrace-read'), ownedBy('elsewhere:1'))
  expect(namesOf(await store.consumers.sweep())).not.toContain(left)
  const sweep = async (): Promise<readonly string[]> => namesOf(await store.consumers.sweep({ idleMs: 1 }))
  await expect.poll(sweep, { timeout: 20_000 }).toContain(left)
  expect(await find(left)).toBeUndefined()
})

test('a live consumer of a quiet log is never swept, whatever a look between two of its requests says', async () => {
  const quiet = await plant(freshName('millrace-log'), ownedBy('elsewhere:3'))
  const left = await plant(freshName('millrace-log'), ownedBy('elsewhere:4'))
  const ended = new AbortController()
  const inbox = raw.subscribe(createInbox())
  const pulling = (async (): Promise<void> => {
    const request = JSON.stringify({ batch: 1, expires: 100 * 1_000_000 })
    for (; !ended.signal.aborted; await sleep(200))
      raw.publish(`$JS.API.CONSUMER.MSG.NEXT.${name}.${quiet}`, request, { reply: inbox.getSubject() })
  })()
  // Asked of the log's end: there is nothing to deliver, and half of the time nobody waits.
  const gone = async (): Promise<boolean> =>
    namesOf(await store.consumers.sweep({ idleMs: 1, dryRun: true })).includes(quiet)
  const swept: string[] = []
  for (let sweeps = 0; sweeps < 3; sweeps++) {
    // A look between two requests: the sweep's own comes at another time, but one of three is like it.
    await expect.poll(gone, { timeout: 10_000, interval: 30 }).toBe(true)
    swept.push(...namesOf(await store.consumers.sweep({ idleMs: 1 })))
  }
  expect(swept).toContain(left)
  expect(swept).not.toContain(quiet)
  expect(await find(quiet)).toBeDefined()
  ended.abort()
  await pulling
  inbox.unsubscribe()
  // As its owner made it: an hour, not the second of the sweep.
  const info = await raw.request(`$JS.API.CONSUMER.INFO.${name}.${quiet}`)
  expect(info.json()).toMatchObject({ config: { inactive_threshold: hourNs } })
})

test('a foreign consumer is shown and never swept, whatever it is called', async () => {
  const dead = `${hostname()}:${deadPid()}`
  const foreign = [
    await plant(freshName('reports')),
    await plant(freshName('millrace-read')),
    await plant(freshName('reports'), ownedBy(dead)),
  ]
  for (const consumer of foreign)
    expect(await find(consumer)).toMatchObject({ state: 'foreign', owner: undefined, purpose: undefined })
  const swept = namesOf(await store.consumers.sweep({ idleMs: 1 }))
  for (const consumer of foreign) expect(swept).not.toContain(consumer)
  for (const consumer of foreign) expect(await find(consumer)).toBeDefined()
})

test('more consumers than one answer of the server holds are listed, the oldest first', async () => {
  const planted: string[] = []
  for (let n = 0; n < 300; n++) planted.push(await plant(freshName('millrace-lag'), ownedBy('elsewhere:2')))
  const listed = namesOf(await store.consumers.list())
  expect(listed.filter((each) => planted.includes(each))).toEqual(planted)
  // Two at once: what one of them has deleted is no error for the other.
  const swept = await Promise.all([
    store.consumers.sweep({ idleMs: 1 }),
    store.consumers.sweep({ idleMs: 1 }),
  ])
  const ours = new Set(namesOf(swept.flat()).filter((each) => planted.includes(each)))
  expect([...ours].toSorted()).toEqual(planted.toSorted())
  expect(namesOf(await store.consumers.list()).filter((each) => planted.includes(each))).toEqual([])
})

test.each([0, -1, 1.5])('an idle time of %d ms is refused', async (idleMs) => {
  await expect(store.consumers.sweep({ idleMs })).rejects.toMatchObject({
    code: 'ERR_INVALID_VALUE',
    field: 'idleMs',
  })
})
