import { randomBytes } from 'node:crypto'

import { defineObserver } from '@millrace/observers'
import type {
  DestinationReport,
  ObserverAction,
  ObserverDefinition,
  ObserversOptions,
} from '@millrace/observers'
import { HttpReceiver } from '@millrace/tools/receivers'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'

import { eventually } from './support/eventually.ts'
import { fresh, openLedger, openRig } from './support/rig.ts'
import type { Ledger, Rig } from './support/rig.ts'

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

const placed = (total: number, more: object = {}): { type: string; data: object } => ({
  type: 'order-placed',
  data: { total, ...more },
})
const fast = { shape: 'fixed', initialMs: 5, jitter: 'none', maxAttempts: 3 } as const

function webhook(name: string, settings: Partial<ObserverAction> = {}): ObserverAction {
  return {
    action: 'webhook',
    name,
    url: `${receiver.url}/${name}`,
    retry: fast,
    ...settings,
  }
}

function rule(
  actions: readonly ObserverAction[],
  more: Partial<ObserverDefinition> = {},
): ObserverDefinition {
  return defineObserver({ name: fresh('rule'), when: 'data.total > 100', actions, ...more })
}

async function open(
  rules: readonly ObserverDefinition[],
  options: Partial<ObserversOptions> = {},
): Promise<Rig> {
  return await openRig(ledger, rules, options)
}

test('a matching event is one signed webhook under its own key, and others are none', async () => {
  const secret = `whsec_${randomBytes(32).toString('base64')}`
  const observer = rule([
    webhook('told', {
      signWith: 'HOOK_SECRET',
      headers: { 'X-Total': '{{ data.total | number: 2 }}', authorization: 'Bearer {{ secret.API_TOKEN }}' },
      body: { order: '{{ event.stream }}', total: '{{ data.total }}', note: 'for {{ data.name }}' },
    }),
  ])
  const secrets = (name: string): string | undefined => ({ HOOK_SECRET: secret, API_TOKEN: 't0ken' })[name]
  await using rig = await open([observer], { secrets })
  await rig.append('1', [placed(50), placed(150, { name: 'Ä "{{ data.total }}"' }), placed(99)])
  await eventually(() => rig.states(observer.name)).toEqual({ delivered: 1 })
  expect(receiver.requests).toHaveLength(1)
  const [request] = receiver.requests
  const [delivery] = await rig.deliveries(observer.name)
  expect(request?.headers).toMatchObject({
    'x-total': '150.00',
    authorization: 'Bearer t0ken',
    'content-type': 'application/json',
    'webhook-id': delivery?.id,
    'idempotency-key': delivery?.id,
  })
  const verified = new Webhook(secret).verify(request?.body ?? '', { ...request?.headers })
  expect(verified).toEqual({ order: 'order-1', total: 150, note: 'for Ä "{{ data.total }}"' })
  expect(() => new Webhook(secret).verify(`${request?.body} `, { ...request?.headers })).toThrow('signature')
  expect(rig.observers.status().observers).toMatchObject([{ seen: 3, matched: 1, failed: 0 }])
})

test('every attempt of one delivery carries the same key, whatever came in between', async () => {
  const observer = rule([webhook('tries')])
  receiver.next({ kind: 'answer', status: 503 }, { kind: 'reset' })
  await using rig = await open([observer])
  await rig.append('1', placed(150))
  await eventually(() => rig.states(observer.name)).toEqual({ delivered: 1 })
  expect(new Set(receiver.requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
  const [delivery] = await rig.deliveries(observer.name)
  expect(delivery?.attempts).toMatchObject([
    { outcome: 'failed', statusCode: 503 },
    { outcome: 'failed' },
    { outcome: 'delivered', statusCode: 200 },
  ])
})

test('an answer that may change is tried again, one that will not is a dead letter at once', async () => {
  const attempts = { 400: 1, 404: 1, 301: 1, 408: 3, 425: 3, 429: 3, 500: 3, 503: 3 }
  const statuses = Object.keys(attempts)
  const observer = rule(statuses.map((status) => webhook(`s${status}`)))
  receiver.behave(({ path }) => ({ kind: 'answer', status: Number(path.slice(2)) }))
  await using rig = await open([observer])
  await rig.append('1', placed(150))
  await eventually(() => rig.states(observer.name)).toEqual({ dead: statuses.length })
  const counts = statuses.map((status) => {
    const made = receiver.requests.filter(({ path }) => path === `/s${status}`)
    return [status, made.length]
  })
  expect(Object.fromEntries(counts)).toEqual(attempts)
})

test('trap 11: a redirect is not followed, into no network', async () => {
  await using inner = await HttpReceiver.open()
  const observer = rule([webhook('moved')])
  receiver.behave({ kind: 'redirect', to: inner.url, status: 307 })
  await using rig = await open([observer])
  await rig.append('1', placed(150))
  await eventually(() => rig.states(observer.name)).toEqual({ dead: 1 })
  expect(receiver.requests).toHaveLength(1)
  expect(inner.requests).toHaveLength(0)
})

test('trap 11: an address of the private network is refused, by name, by number and in what an event says', async () => {
  const port = new URL(receiver.url).port
  const urls = [
    `http://localhost:${port}/`,
    receiver.url,
    `http://[::ffff:127.0.0.1]:${port}/`,
    '{{ data.to }}',
  ]
  const rules = urls.map((url) => rule([webhook('inner', { url })]))
  await using rig = await open(rules, { allowHosts: ['elsewhere'] })
  await rig.append('1', placed(150, { to: `http://127.0.0.1:${port}/` }))
  for (const { name } of rules) await eventually(() => rig.states(name)).toEqual({ dead: 1 })
  expect(receiver.requests).toHaveLength(0)
  const [letter] = await rig.deadLetters(rules[0]?.name ?? '')
  expect(letter?.reason).toContain('localhost is no public address')
})

test('Retry-After is honoured', async () => {
  const observer = rule([webhook('later')])
  receiver.next({ kind: 'answer', status: 429, headers: { 'retry-after': '1' } })
  await using rig = await open([observer])
  await rig.append('1', placed(150))
  await eventually(() => rig.states(observer.name)).toEqual({ delivered: 1 })
  const [first, second] = receiver.requests
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(990)
})

test('a receiver that hangs is given up at the time-out, and one whose answer never ends has accepted by its status', async () => {
  const hung = rule([webhook('hangs', { timeoutMs: 80, retry: { ...fast, maxAttempts: 2 } })])
  const endless = rule([webhook('pours')])
  receiver.behave(({ path }) => (path === '/hangs' ? { kind: 'hang' } : { kind: 'endless' }))
  await using rig = await open([hung, endless])
  await rig.append('1', placed(150))
  await eventually(() => rig.states(hung.name)).toEqual({ dead: 1 })
  await eventually(() => rig.states(endless.name)).toEqual({ delivered: 1 })
  const [letter] = await rig.deadLetters(hung.name)
  expect(letter?.attempts.map(({ error }) => error)).toEqual([
    'timed out after 80 ms',
    'timed out after 80 ms',
  ])
})

test.each(['stall', 'break'] as const)(
  'a receiver has accepted, or refused, by its status, whatever becomes of the body: %s',
  async (kind) => {
    const rules = [200, 400].map((status) => rule([webhook(`s${status}`)]))
    receiver.behave(({ path }) => ({ kind, status: Number(path.slice(2)) }))
    await using rig = await open(rules)
    await rig.append('1', placed(150))
    for (const [n, state] of ['delivered', 'dead'].entries())
      await eventually(() => rig.states(rules[n]?.name ?? '')).toEqual({ [state]: 1 })
    expect(receiver.requests).toHaveLength(2)
  },
)

test('a destination that is not there is waited for without counting attempts', async () => {
  const gone = await HttpReceiver.open()
  const { url } = gone
  await gone[Symbol.asyncDispose]()
  const observer = rule([webhook('absent', { url })])
  await using rig = await open([observer])
  await rig.append('1', placed(150))
  await rig.handled(observer.name)
  await eventually(
    () => rig.observers.status().destinations.find(({ name }) => url.endsWith(name))?.recent.failures,
  ).toBeGreaterThan(3)
  expect(await rig.deliveries(observer.name)).toMatchObject([{ state: 'open', attempts: [] }])
})

test('trap 2: of a dead letter only the action that failed runs again, and where it fails again it stays one', async () => {
  const secrets = (): string => 'sup3r-s3cret'
  const observer = rule([
    webhook('good'),
    webhook('bad', {
      url: `${receiver.url}/bad?key={{ secret.KEY }}`,
      headers: { 'x-key': '{{ secret.KEY }}' },
    }),
  ])
  receiver.behave(({ path }) => ({ kind: 'answer', status: path.startsWith('/bad') ? 400 : 200 }))
  await using rig = await open([observer], { secrets })
  await rig.append('1', placed(150))
  await eventually(() => rig.states(observer.name)).toEqual({ delivered: 1, dead: 1 })
  const [letter] = await rig.deadLetters(observer.name)
  expect(JSON.stringify([letter, await rig.deliveries(observer.name)])).not.toContain('sup3r')
  expect(receiver.requests.find(({ path }) => path.startsWith('/bad'))?.headers['x-key']).toBe('sup3r-s3cret')
  expect(await ledger.store.deadLetters.retry(letter?.id ?? '', 'test')).toBe(true)
  rig.runtime.wake()
  await receiver.received(3)
  await eventually(() => rig.states(observer.name)).toEqual({ delivered: 1, dead: 1 })
  receiver.behave({ kind: 'answer', status: 200 })
  expect(await ledger.store.deadLetters.retry(letter?.id ?? '', 'test')).toBe(true)
  rig.runtime.wake()
  await eventually(() => rig.states(observer.name)).toEqual({ delivered: 2 })
  expect(
    receiver.requests.map(({ path }) => path.slice(0, 4)).toSorted((a, b) => a.localeCompare(b)),
  ).toEqual(['/bad', '/bad', '/bad', '/goo'])
})

test('the actions of one event run at once', async () => {
  const names = ['a', 'b', 'c', 'd']
  const observer = rule(names.map((name) => webhook(name)))
  receiver.behave({ kind: 'delay', ms: 300 })
  await using rig = await open([observer])
  await rig.append('1', placed(150))
  await eventually(() => rig.states(observer.name)).toEqual({ delivered: 4 })
  expect(receiver.mostUnderWay).toBe(4)
})

test('trap 8: a destination that hangs stalls no other, and what waits for it holds no place', async () => {
  await using slow = await HttpReceiver.open()
  slow.behave({ kind: 'hang' })
  const stuck = rule([webhook('stuck', { url: slow.url, timeoutMs: 60_000 })])
  const swift = rule([webhook('swift')])
  const destinations = { [slow.host]: { concurrency: 2 } }
  await using rig = await open([stuck, swift], { destinations })
  for (let n = 0; n < 30; n++) await rig.append(String(n), placed(150))
  await eventually(() => rig.states(swift.name)).toEqual({ delivered: 30 })
  expect(slow.requests).toHaveLength(2)
  expect(await rig.states(stuck.name)).toEqual({ open: 30 })
  expect(rig.observers.status().destinations.find(({ name }) => name === slow.host)).toMatchObject({
    inFlight: 2,
  })
})

test('trap 10: a failing destination is left alone, its deliveries wait uncounted and go out when it is back', async () => {
  const observer = rule([webhook('flaky', { retry: { ...fast, maxAttempts: 5 } })])
  const circuit = { minCalls: 10, openMs: 800, successes: 2 }
  receiver.behave({ kind: 'answer', status: 500 })
  const limits = { circuit, concurrency: 4 }
  await using rig = await open([observer], { destinations: { [receiver.host]: limits } })
  const report = (): DestinationReport | undefined =>
    rig.observers.status().destinations.find(({ name }) => name === receiver.host)
  for (let n = 0; n < 20; n++) await rig.append(String(n), placed(150))
  await eventually(() => report()?.circuit).toBe('open')
  await eventually(() => report()?.inFlight).toBe(0)
  const atOpening = receiver.requests.length
  await rig.handled(observer.name)
  await eventually(() => report()?.opensInMs).toBeLessThan(300)
  // On a busy machine a probe may have come already.
  expect(receiver.requests.length).toBeLessThanOrEqual(atOpening + 1)
  receiver.behave({ kind: 'answer', status: 200 })
  await eventually(() => rig.states(observer.name)).toEqual({ delivered: 20 })
  expect(report()?.circuit).toBe('closed')
})

test('trap 10: a receiver that refuses what it is sent is no outage', async () => {
  const observer = rule([webhook('picky')])
  receiver.behave({ kind: 'answer', status: 400 })
  await using rig = await open([observer])
  for (let n = 0; n < 30; n++) await rig.append(String(n), placed(150))
  await eventually(() => rig.states(observer.name)).toEqual({ dead: 30 })
  expect(rig.observers.status().destinations).toMatchObject([{ circuit: 'closed', timesOpened: 0 }])
})

test('a destination that the event names has its own circuit and limits', async () => {
  await using other = await HttpReceiver.open()
  other.behave({ kind: 'answer', status: 500 })
  const observer = rule([
    webhook('named', { order: 'none', url: '{{ data.to }}/x', retry: { ...fast, maxAttempts: 50 } }),
  ])
  const circuit = { minCalls: 4, openMs: 300 }
  await using rig = await open([observer], { destinations: { '*': { circuit } } })
  const bad = Array.from({ length: 8 }, () => placed(150, { to: other.url }))
  await rig.append('1', [...bad, placed(150, { to: receiver.url })])
  await eventually(
    () => rig.observers.status().destinations.find(({ name }) => name === other.host)?.timesOpened,
  ).toBeGreaterThan(0)
  await receiver.received(1)
  other.behave({ kind: 'answer', status: 200 })
  await eventually(() => rig.states(observer.name)).toEqual({ delivered: 9 })
})
