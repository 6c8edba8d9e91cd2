import { createStreamId, defineEvents, EventVersion, parseCommitId, parseEventId } from '@millrace/contracts'
import type { Envelope } from '@millrace/contracts'
import { expect, test } from 'vitest'
import { z } from 'zod'

import { cacheKind, commandKind, jobKind, publishKind, searchKind, sqlKind } from '../action/message-kinds.ts'
import { RuleError } from '../errors/rule-error.ts'
import { defineObserver } from './define-observer.ts'
import type { ObserverDefinition } from './define-observer.ts'
import { parseObserverFile } from './observer-file.ts'
import { openObservers } from './open-observers.ts'
import type { ObserversOptions } from './open-observers.ts'

const Orders = defineEvents({ 'order-placed': z.object({ total: z.number(), name: z.string() }) })
const source = { events: Orders }
const id = '00000000000000000000000000'

const envelope: Envelope = {
  id: parseEventId(id),
  commitId: parseCommitId(id),
  streamId: createStreamId('order', '1'),
  type: 'order-placed',
  schemaVersion: 1,
  version: EventVersion.first,
  position: { generation: '0', commit: 1, index: 0 },
  bucket: 0,
  occurredAt: new Date(0),
  recordedAt: new Date(0),
  metadata: {},
  tags: [],
  data: { total: 12, name: `o'Neill` },
}

function problemsOf(load: () => unknown): string[] {
  try {
    load()
  } catch (error) {
    if (error instanceof RuleError)
      return error.problems.map(({ place, line, column, problem }) =>
        line === undefined ? `${place}: ${problem}` : `${place} ${line}:${column}: ${problem}`,
      )
    throw error
  }
  return []
}

const problemsIn = (rule: unknown, options: Partial<ObserversOptions> = {}): string[] =>
  problemsOf(() =>
    openObservers({ ...options, secrets: () => undefined, observers: [rule as ObserverDefinition] }),
  )

const webhook = { action: 'webhook', name: 'told', url: 'https://example.org/x' }

test('everything that is wrong with a rule is told at once, each with its place', () => {
  expect(
    problemsIn({
      name: 'Bad Name',
      source,
      on: 'order-shipped',
      when: 'data.totl > 1',
      prority: 5,
      tenant: '',
      actions: [
        {
          ...webhook,
          url: 'ftp://x/',
          headers: { Host: 'y', 'x-a': '{{ data.nope }}' },
          signWith: 'NONE',
          retries: 3,
        },
        webhook,
        { action: 'webhock', name: 'x' },
        { ...webhook, timeoutMs: 0, body: { a: ['{{ data.total | sum }}'] } },
        { ...webhook, name: 'last', retry: { maxAttempts: 0 } },
      ],
    }),
  ).toEqual([
    'observers[0].name: must match [a-z][a-z0-9_-]{0,62}',
    'observers[0].on: unknown event type order-shipped; there are order-placed',
    'observers[0].when 1:6: unknown field totl; there are total, name',
    'observers[0].actions[0].url: must be a URL of http or https, without a user',
    'observers[0].actions[0].headers.Host: is set by the action itself',
    'observers[0].actions[0].headers.x-a 1:1: unknown field nope; there are total, name',
    'observers[0].actions[0].signWith: there is no secret NONE',
    expect.stringMatching(
      /^observers\[0\]\.actions\[0\]\.retries: unknown setting; there are action, name, retry/,
    ),
    'observers[0].actions[1].name: told is there twice',
    'observers[0].actions[2].action: unknown action webhock; there are webhook, slack, log',
    'observers[0].actions[3].timeoutMs: must be a whole number from 1 to 3600000',
    'observers[0].actions[3].body.a[0] 1:17: unknown filter sum; there are date, number, default, json, toNumber, upper, lower, trim, truncate',
    'observers[0].actions[4].retry.maxAttempts: must be a whole number from 1 to 1000',
    "observers[0].tenant: must be a tenant, or '*' for all",
    expect.stringMatching(/^observers\[0\]\.prority: unknown setting; there are name, source/),
  ])
})

test.each([
  ['events by their name', { events: 'orders' }],
  ['a table that is none', { table: 7 }],
  ['a misspelt member', { tabel: 'orders' }],
])('a source that is %s is a problem with its place', (_, given) => {
  const rule = { name: 'wrong', source: given, actions: [webhook] }
  const files = [parseObserverFile(JSON.stringify([rule]), 'rules.json')]
  expect(problemsOf(() => openObservers({ files }))).toEqual([
    expect.stringMatching(/source: must be the name of one, a table in quotes/),
  ])
})

test('a secret is never what every object has', () => {
  const rule = { name: 'odd', actions: [{ ...webhook, signWith: 'constructor' }] }
  const files = [parseObserverFile(JSON.stringify([rule]), 'rules.json')]
  expect(problemsOf(() => openObservers({ files, secrets: (name) => process.env[name] }))).toEqual([
    expect.stringMatching(/signWith: there is no secret constructor/),
  ])
})

test('an alias of a file that stands for nothing is told with its place', () => {
  expect(problemsOf(() => parseObserverFile('- *nobody', 'rules.yaml'))[0]).toMatch(/^rules\.yaml:1:1: /)
})

test('a problem of a file is told with its line', () => {
  const text = `observers:
  - name: big
    when: data.x >
    actions:
      - action: webhook
        name: told
        url: https://example.org
        body:
          text: "{{ dta.x }}"
  - name: big
    actions: []
`
  expect(problemsOf(() => openObservers({ files: [parseObserverFile(text, 'rules.yaml')] }))).toEqual([
    expect.stringMatching(/^rules\.yaml:3:11 \[0\]\.when 1:\d+: found > but expecting/),
    expect.stringMatching(/^rules\.yaml:9:17 \[0\]\.actions\[0\]\.body\.text 1:1: unknown variable dta/),
    'rules.yaml:11:14 [1].actions: must be 1 to 100 actions',
    'rules.yaml:10:11 [1].name: big is there twice',
  ])
  expect(problemsOf(() => parseObserverFile('a: [1', 'rules.yaml'))[0]).toMatch(/^rules\.yaml:1:\d+: /)
  expect(problemsOf(() => parseObserverFile('{"a": 1}', 'rules.json'))).toEqual([
    'rules.json:1:1: must be a list of observers, or observers: and a list',
  ])
})

test('e-mails are sent only where there is a mail server, and their addresses are checked at load', () => {
  const mail = { action: 'email', name: 'mail', to: 'a@b, nobody', subject: '{{ data.total }}' }
  const rule = { name: 'mails', source, actions: [mail] }
  expect(problemsIn(rule)).toEqual([
    'observers[0].actions[0].action: unknown action email; there are webhook, slack, log',
  ])
  expect(problemsIn(rule, { smtp: { host: 'localhost', from: 'x@y' } })).toEqual([
    'observers[0].actions[0].text: is missing: an e-mail needs text or html',
    'observers[0].actions[0].to: must be addresses with commas between them',
  ])
})

test('actions that go through functions render their settings, and bind what goes to SQL', async () => {
  const kinds = [publishKind, jobKind, commandKind, searchKind, cacheKind, sqlKind].map((create) =>
    create(async () => undefined),
  )
  const actions = [
    { action: 'publish', name: 'a', subject: 'orders.{{ data.total }}', data: { total: '{{ data.total }}' } },
    { action: 'job', name: 'b', job: 'bill', data: '{{ data }}' },
    {
      action: 'command',
      name: 'c',
      aggregate: 'customer',
      id: '{{ data.name }}',
      command: { type: 'greet' },
    },
    { action: 'search', name: 'd', index: 'orders', id: '{{ event.stream }}' },
    { action: 'cache', name: 'e', tag: 'customer' },
    { action: 'sql', name: 'f', statement: 'select greet($1, $2)', values: ['{{ data.name }}'] },
  ]
  const rule = defineObserver({ name: 'all', source, actions })
  await using observers = openObservers({ kinds, observers: [rule] })
  const { actions: rendered } = await observers.test('all', envelope)
  expect(rendered.map((each) => each.rendered)).toEqual([
    { subject: 'orders.12', data: { total: 12 } },
    { job: 'bill', data: { total: 12, name: `o'Neill` } },
    { aggregate: 'customer', id: `o'Neill`, command: { type: 'greet' } },
    { index: 'orders', id: 'order-1' },
    { tag: 'customer' },
    { statement: 'select greet($1, $2)', values: [`o'Neill`] },
  ])
  const unbound = { action: 'sql', name: 'g', statement: "select '{{ data.name }}', $1", values: [] }
  const twice = { action: 'sql', name: 'i', statement: 'select greet($1)', values: ['{{ data.name }}'] }
  const unheld = { action: 'log', name: 'j', message: 'x', order: 'none', onFailure: 'hold' }
  expect(
    problemsIn(
      { name: 'x', source, actions: [unbound, { action: 'job', name: 'h' }, twice, unheld] },
      { kinds },
    ),
  ).toEqual([
    'observers[0].actions[0].statement: must be fixed text: values are bound by $1, $2, ...',
    'observers[0].actions[1].job: is missing',
    'observers[0].actions[1].data: is missing',
    'observers[0].actions[2].statement: must take the idempotency key, which is bound as $2, so that a repeat can be told; or set inLedger',
    "observers[0].actions[3].onFailure: can be 'hold' only where order is 'key'",
  ])
})

test('the compiler knows the types and data of events', () => {
  const typed = defineObserver({
    name: 'typed',
    source,
    on: 'order-placed',
    when: ({ data }) => data.total > 1 && data.name.length > 0,
    actions: [{ action: 'log', name: 'line', message: 'x' }],
  })
  const wrong = { name: 'wrong', source, on: 'order-shipped' as const, actions: typed.actions }
  // @ts-expect-error: there is no such event
  defineObserver<typeof Orders>(wrong)
  expect(typed.when).toBeTypeOf('function')
})

test('a kind that is there already is refused', () => {
  const kind = { ...publishKind(async () => undefined), kind: 'webhook' }
  expect(() => openObservers({ kinds: [kind] })).toThrow(expect.objectContaining({ setting: 'kinds' }))
})
