import { openCache } from '@millrace/caching'
import { defineEvents } from '@millrace/contracts'
import type { Schema } from '@millrace/contracts'
import { defineActionKind, defineObserver, parseObserverFile } from '@millrace/observers'
import type { AnyActionKind, ObserverDefinition } from '@millrace/observers'
import { HttpReceiver } from '@millrace/tools/receivers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'

import { eventually } from './support/eventually.ts'
import { fresh, openLedger, openRig } from './support/rig.ts'
import type { Ledger } from './support/rig.ts'

let ledger: Ledger
beforeAll(async () => {
  ledger = await openLedger()
})
afterAll(async () => {
  await ledger[Symbol.asyncDispose]()
})

const Orders = defineEvents({
  'order-placed': z.object({ total: z.number(), customerId: z.string() }),
  'order-shipped': z.object({ carrier: z.string() }),
})
const source = { events: Orders }
const placed = (total: number): ReturnType<(typeof Orders)['order-placed']> =>
  Orders['order-placed']({ total, customerId: 'c1' })

interface Noted {
  readonly text: string
  readonly key: string
}

/** An action of the application's own: ten lines. */
function noteKind(
  noted: Noted[],
  act: (text: string) => Promise<void> = async () => undefined,
): AnyActionKind {
  return defineActionKind({
    kind: 'note',
    prepare: (settings) => {
      const text = settings.template('text', 'text')
      return {
        render: (values) => ({ text: text?.render(values) ?? '' }),
        send: async (note, { idempotencyKey }) => {
          await act(note.text)
          noted.push({ ...note, key: idempotencyKey })
        },
      }
    },
  })
}

function noting(text: string, more: object = {}): ObserverDefinition {
  return { name: fresh('rule'), source, actions: [{ action: 'note', name: 'note', text, ...more }] }
}

test('an action of the application gets what its rule renders', async () => {
  const noted: Noted[] = []
  const rule = defineObserver({
    name: fresh('rule'),
    source,
    on: 'order-placed',
    when: ({ data }) => data.total > 100 && data.customerId !== '',
    actions: [{ action: 'note', name: 'note', text: '{{ data.total }} of {{ data.customerId }}' }],
  })
  await using rig = await openRig(ledger, [rule], { kinds: [noteKind(noted)] })
  await rig.append('1', [placed(50), placed(150), Orders['order-shipped']({ carrier: 'x' })])
  await eventually(() => noted.map(({ text }) => text)).toEqual(['150 of c1'])
})

test('of one stream deliveries go out in order and one at a time, whatever fails, and others do not wait for it', async () => {
  const noted: Noted[] = []
  let failures = 3
  let underWay = 0
  let most = 0
  const kind = noteKind(noted, async (text) => {
    if (text === 'order-b 1') return
    most = Math.max(most, ++underWay)
    await new Promise((resolve) => setTimeout(resolve, 2))
    underWay--
    if (text === 'order-a 1' && failures-- > 0) throw new Error('not yet')
    if (text === 'order-a 3') throw new Error('never')
  })
  const rule = noting('{{ event.stream }} {{ event.version }}', {
    retry: { shape: 'fixed', initialMs: 40, jitter: 'none', maxAttempts: 4 },
  })
  await using rig = await openRig(ledger, [rule], { kinds: [kind] })
  await rig.append('a', [placed(1), placed(2)])
  await rig.append('b', placed(1))
  await rig.append('a', [placed(3), placed(4), placed(5)])
  await eventually(() => rig.states(rule.name)).toEqual({ delivered: 5, dead: 1 })
  const texts = noted.map(({ text }) => text)
  expect(texts.filter((text) => text.startsWith('order-a'))).toEqual([
    'order-a 1',
    'order-a 2',
    'order-a 4',
    'order-a 5',
  ])
  expect(texts[0]).toBe('order-b 1')
  expect(most).toBe(1)
})

test('deliveries that are not ordered go out at once', async () => {
  const noted: Noted[] = []
  const gate = Promise.withResolvers<void>()
  const rule = noting('{{ event.version }}', { order: 'none' })
  let underWay = 0
  const kind = noteKind(noted, async () => {
    underWay++
    await gate.promise
  })
  await using rig = await openRig(ledger, [rule], { kinds: [kind] })
  await rig.append('a', [placed(1), placed(2), placed(3)])
  await eventually(() => underWay).toBe(3)
  gate.resolve()
  await eventually(() => rig.states(rule.name)).toEqual({ delivered: 3 })
})

test('trap 20: a rule of one tenant never sees the events of another', async () => {
  const noted: Noted[] = []
  const of = (tenant?: string): ObserverDefinition => ({
    ...noting(`${tenant ?? 'none'}: {{ data.total }}`),
    ...(tenant === undefined ? {} : { tenant }),
  })
  const rules = [of('acme'), of('other'), of('*'), of()]
  await using rig = await openRig(ledger, rules, { kinds: [noteKind(noted)] })
  await rig.append('1', placed(1), { tenant: 'acme' })
  await rig.append('2', placed(2))
  await eventually(() => noted.map(({ text }) => text).toSorted()).toEqual([
    '*: 1',
    '*: 2',
    'acme: 1',
    'none: 2',
  ])
  const dry = await rig.observers.test(rules[1] ?? '', await rig.last())
  expect(dry).toMatchObject({ matched: false, reason: 'another tenant', actions: [] })
})

test('a condition that fails is no match, counted and shown, and the log goes on', async () => {
  const noted: Noted[] = []
  const rule = { ...noting('{{ data.total }}'), source: {}, when: 'data.deep.er == 1 || data.total > 100.0' }
  await using rig = await openRig(ledger, [rule], { kinds: [noteKind(noted)] })
  await rig.append('1', [placed(50), placed(150)])
  await eventually(() => noted.map(({ text }) => text)).toEqual(['150'])
  expect(rig.observers.status().observers).toMatchObject([
    {
      name: rule.name,
      log: 'events',
      enabled: true,
      seen: 2,
      matched: 1,
      failed: 1,
      lastError: 'field not found: deep',
    },
  ])
  expect((await rig.runtime.status()).map(({ parkedRecords }) => parkedRecords)).toEqual([0])
})

test('look-ups are made once for each key and tenant, and used by condition and template', async () => {
  const noted: Noted[] = []
  const loads: string[] = []
  const known = new Map<string, Promise<unknown>>()
  const cache = {
    getOrLoad: async <T>(key: string, load: () => Promise<T>): Promise<T> => {
      const found = known.get(key) ?? load()
      known.set(key, found)
      return (await found) as T
    },
  }
  const customers = {
    load: async (key: string, { tenant }: { readonly tenant: string | undefined }) => {
      loads.push(`${tenant ?? '-'}/${key}`)
      return { email: `${key}@${tenant ?? 'example'}.org`, tier: 'gold' }
    },
    schema: z.object({ email: z.string(), tier: z.string() }) as Schema,
  }
  const rule: ObserverDefinition = {
    ...noting('{{ lookup.customer.email }}'),
    on: 'order-placed',
    tenant: '*',
    lookups: { customer: { from: 'customers', key: '{{ data.customerId }}' } },
    when: "lookup.customer.tier == 'gold'",
  }
  await using rig = await openRig(ledger, [rule], { kinds: [noteKind(noted)], lookups: { customers }, cache })
  await rig.append('1', [placed(1), placed(2)])
  await rig.append('2', placed(3), { tenant: 'acme' })
  await eventually(() => noted.map(({ text }) => text).toSorted()).toEqual([
    'c1@acme.org',
    'c1@example.org',
    'c1@example.org',
  ])
  expect(loads).toEqual(['-/c1', 'acme/c1'])
  const wrong: ObserverDefinition = { ...rule, when: 'lookup.customer.level == 1' }
  await expect(rig.observers.test(wrong, await rig.last())).rejects.toThrow(
    'unknown field level; there are email, tier',
  )
})

test('a dry run says what would be sent and why not, shows no secret and sends nothing', async () => {
  await using receiver = await HttpReceiver.open()
  const rule: ObserverDefinition = {
    name: fresh('rule'),
    source,
    on: 'order-placed',
    when: 'data.total > 100',
    actions: [
      {
        action: 'webhook',
        name: 'told',
        url: `${receiver.url}/{{ data.customerId }}`,
        headers: { authorization: 'Bearer {{ secret.TOKEN }}' },
        body: { total: '{{ data.total }}' },
      },
    ],
  }
  const secrets = (): string => 'sup3r-s3cret'
  await using rig = await openRig(ledger, [{ ...rule, name: fresh('rule'), enabled: false }], { secrets })
  await rig.append('1', placed(150))
  expect(await rig.observers.test(rule, await rig.last())).toEqual({
    observer: rule.name,
    matched: true,
    reason: 'matched',
    error: undefined,
    lookup: {},
    actions: [
      {
        name: 'told',
        action: 'webhook',
        destination: receiver.host,
        error: undefined,
        rendered: {
          method: 'POST',
          url: `${receiver.url}/c1`,
          headers: { 'content-type': 'application/json', authorization: 'Bearer ***' },
          body: '{"total":150}',
        },
      },
    ],
  })
  await rig.append('1', placed(50))
  expect(await rig.observers.test(rule, await rig.last())).toMatchObject({
    matched: false,
    reason: 'the condition is false',
  })
  await rig.append('1', Orders['order-shipped']({ carrier: 'x' }))
  expect(await rig.observers.test(rule, await rig.last())).toMatchObject({ reason: 'another event type' })
  await expect(rig.observers.test('nobody', await rig.last())).rejects.toMatchObject({
    code: 'ERR_CONFIGURATION',
  })
  expect(receiver.requests).toHaveLength(0)
})

test('rules are replaced while events come in, and none is lost or told twice', async () => {
  const noted: Noted[] = []
  const rule = noting('{{ event.version }}')
  await using rig = await openRig(ledger, [rule], { kinds: [noteKind(noted)] })
  for (let n = 1; n <= 60; n++) {
    await rig.append('1', placed(n))
    // Its texts only, and then also what only another processor can do.
    if (n % 20 === 5) await rig.observers.replace({ observers: [{ ...rule, when: `${n} > 0` }] })
    const slower = { action: 'note', name: 'note', text: '{{ event.version }}', timeoutMs: 1000 + n }
    if (n % 20 === 15) await rig.observers.replace({ observers: [{ ...rule, actions: [slower] }] })
  }
  await eventually(() => rig.states(rule.name)).toEqual({ delivered: 60 })
  expect(new Set(noted.map(({ text }) => text)).size).toBe(60)
  expect(new Set(noted.map(({ key }) => key)).size).toBe(60)
})

test('a rule that is switched off lets events pass; one that is new begins now; one that is wrong changes nothing', async () => {
  const noted: Noted[] = []
  const rule = noting('old {{ event.version }}')
  await using rig = await openRig(ledger, [rule], { kinds: [noteKind(noted)] })
  await rig.append('1', placed(1))
  await rig.handled(rule.name)
  await rig.observers.replace({ observers: [{ ...rule, enabled: false }] })
  await rig.append('1', placed(2))
  await rig.handled(rule.name)
  const added = noting('new {{ event.version }}')
  await rig.observers.replace({ observers: [rule, added] })
  await rig.append('1', placed(3))
  await eventually(() => noted.map(({ text }) => text).toSorted()).toEqual(['new 3', 'old 1', 'old 3'])
  const broken = { ...rule, when: 'data.totl > 1' }
  await expect(rig.observers.replace({ observers: [broken] })).rejects.toMatchObject({
    code: 'ERR_RULE',
    problems: [{ place: 'observers[0].when', line: 1, column: 6 }],
  })
  await rig.observers.replace({ observers: [rule] })
  expect(rig.runtime.runs(added.name)).toBe(false)
  await rig.append('1', placed(4))
  await eventually(() => noted.map(({ text }) => text).toSorted()).toEqual([
    'new 3',
    'old 1',
    'old 3',
    'old 4',
  ])
})

test('a change of a row is judged by what it was and what it became', async () => {
  const noted: Noted[] = []
  const rows = { table: 'orders', schema: z.object({ id: z.number(), status: z.string() }) }
  const rule: ObserverDefinition = {
    name: fresh('rule'),
    source: rows,
    on: ['update'],
    when: "changed_to('status', 'shipped')",
    actions: [
      {
        action: 'note',
        name: 'note',
        text: '{{ operation }} {{ new.id }}: {{ old.status }} to {{ new.status }}',
      },
    ],
  }
  const change = (
    type: string,
    before: object | null,
    after: object | null,
  ): { type: string; data: object } => ({
    type: `orders.${type}`,
    data: { old: before, new: after },
  })
  await using rig = await openRig(ledger, [rule], { kinds: [noteKind(noted)] })
  await rig.append('1', [
    change('inserted', null, { id: 1, status: 'shipped' }),
    change('updated', { id: 1, status: 'open' }, { id: 1, status: 'paid' }),
    change('updated', { id: 1, status: 'paid' }, { id: 1, status: 'shipped' }),
    change('deleted', { id: 1, status: 'shipped' }, null),
  ])
  await eventually(() => noted.map(({ text }) => text)).toEqual(['update 1: paid to shipped'])
  const wrong = { ...rule, when: "changed('state')" }
  await expect(rig.observers.test(wrong, await rig.last())).rejects.toThrow(
    'unknown field state; there are id, status',
  )
})

test('rules of a file run like those of code', async () => {
  const noted: Noted[] = []
  const name = fresh('rule')
  const text = `
observers:
  - name: ${name}
    source: orders
    on: order-placed
    when: data.total > 100
    actions:
      - { action: note, name: note, text: "{{ data.total | number: 1 }}" }
`
  const file = parseObserverFile(text, 'rules.yaml')
  await using rig = await openRig(ledger, [], {
    kinds: [noteKind(noted)],
    sources: { orders: source },
    files: [file],
  })
  await rig.append('1', [placed(50), placed(150)])
  await eventually(() => noted.map((each) => each.text)).toEqual(['150.0'])
})

test('trap 12: a secret that comes back in an error is kept nowhere', async () => {
  const kind = noteKind([], async (text) => {
    throw new Error(`refused ${text}`, { cause: new Error(`at /send?key=${encodeURIComponent(text)}`) })
  })
  const rule = noting('{{ secret.KEY }}', { retry: { maxAttempts: 1 } })
  await using rig = await openRig(ledger, [rule], { kinds: [kind], secrets: () => 'hunter 2/x' })
  await rig.append('1', placed(1))
  await eventually(() => rig.states(rule.name)).toEqual({ dead: 1 })
  const [letter] = await rig.deadLetters(rule.name)
  expect(letter?.attempts[0]?.error).toBe('refused ***: at /send?key=***')
  expect(JSON.stringify(letter)).not.toContain('hunter')
})

test('at one destination the rule of the higher priority goes first', async () => {
  await using receiver = await HttpReceiver.open()
  receiver.behave({ kind: 'delay', ms: 30 })
  const of = (name: string, priority: number): ObserverDefinition => ({
    name: fresh(name),
    source,
    priority,
    actions: [{ action: 'webhook', name: 'told', url: `${receiver.url}/${name}`, order: 'none' }],
  })
  const destinations = { [receiver.host]: { concurrency: 1 } }
  await using rig = await openRig(ledger, [of('low', 0), of('high', 10)], { destinations })
  for (let n = 0; n < 10; n++) await rig.append(String(n), placed(n))
  await receiver.received(20)
  const paths = receiver.requests.map(({ path }) => path)
  const meanPlace = (path: string): number =>
    paths.reduce((sum, each, index) => (each === path ? sum + index : sum), 0) / 10
  // Those that came before the other rule had anything may be of the lower one.
  expect(meanPlace('/high')).toBeLessThan(meanPlace('/low') - 3)
})

test('a rule that holds its keys sends nothing of a row behind a dead letter until that is retried', async () => {
  const noted: Noted[] = []
  let refuses = true
  const kind = noteKind(noted, async (text) => {
    if (refuses && text === 'order-a 1') throw new Error('not yet')
  })
  const rule = noting('{{ event.stream }} {{ event.version }}', {
    onFailure: 'hold',
    retry: { maxAttempts: 1 },
  })
  await using rig = await openRig(ledger, [rule], { kinds: [kind] })
  await rig.append('a', [placed(1), placed(2)])
  await rig.append('b', placed(1))
  await eventually(() => rig.states(rule.name)).toEqual({ dead: 1, open: 1, delivered: 1 })
  const [letter] = await rig.deadLetters(rule.name)
  const { keys } = await ledger.store.deadLetters.heldKeys(rule.name, 10)
  expect(keys).toMatchObject([{ key: 'order-a', deadLetter: letter?.id, waiting: 1 }])
  refuses = false
  await ledger.store.deadLetters.retry(letter?.id ?? '', 'ada')
  await eventually(() => noted.map(({ text }) => text)).toEqual(['order-b 1', 'order-a 1', 'order-a 2'])
})

test('a look-up is made anew once somebody invalidates a tag of it', async () => {
  const noted: Noted[] = []
  let loads = 0
  await using cache = openCache()
  const rule = {
    ...noting('{{ lookup.customer.load }}'),
    lookups: {
      customer: {
        from: { load: async () => ({ load: ++loads }) },
        key: '{{ data.customerId }}',
        tags: ['customer:{{ data.customerId }}'],
      },
    },
  }
  await using rig = await openRig(ledger, [rule], { kinds: [noteKind(noted)], cache })
  const tells = async (text: string): Promise<void> => {
    await rig.append('1', placed(1))
    await eventually(() => noted.splice(0).map((each) => each.text)).toEqual([text])
  }
  await tells('1')
  await tells('1')
  await cache.invalidateTags(['customer:other'])
  await tells('1')
  await cache.invalidateTags(['customer:c1'])
  await tells('2')
  expect(rig.observers.status().observers[0]?.lookups).toMatchObject({ made: 4 })
})
