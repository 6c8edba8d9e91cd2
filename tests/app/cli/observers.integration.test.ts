import { writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import type {
  AccessPage,
  DeadLetterHistoryPage,
  DeadLetterView,
  EventTraceView,
  ObserverItemView,
  ObserversView,
  ObserverTestView,
} from '@millrace/app'
import { millrace } from '@millrace/tools/cli'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { serveObserved } from '../support/observed.ts'
import type { Observed } from '../support/observed.ts'
import { eventually } from '../support/places.ts'

const tokens = { operator: 'the-operators-token', reader: 'the-readers-token' } as const
const nobody = '01ARZ3NDEKTSV4RRFFQ69G5FAV'

describe('observers on the command line', () => {
  let observed: Observed
  let env: Readonly<Record<string, string>>
  beforeAll(async () => {
    const MILLRACE_TOKENS = `ann:read:${tokens.reader}`
    observed = await serveObserved({ MILLRACE_TOKEN: tokens.operator, MILLRACE_TOKENS })
    ;({ env } = observed)
  })
  afterAll(() => observed[Symbol.asyncDispose]())

  const json = async <Answer>(...argv: readonly string[]): Promise<Answer> => {
    const { stdout, stderr } = await millrace([...argv, '--json'], env)
    expect(stderr).toBe('')
    return JSON.parse(stdout) as Answer
  }
  const list = async (): Promise<ObserversView> => await json<ObserversView>('observers', 'list')
  const of = ({ observers }: ObserversView, name: string): ObserverItemView => {
    const found = observers.find((each) => each.name === name)
    if (found === undefined) throw new Error(`${name} is not in the list`)
    return found
  }
  const trace = async (id: string): Promise<EventTraceView> =>
    await json<EventTraceView>('debug', 'event', id)
  /** Once every observer of the events has passed it, and every delivery has ended. */
  const settled = async (id: string): Promise<EventTraceView> =>
    await eventually(
      () => trace(id),
      ({ processors }) =>
        processors.length > 0 &&
        processors.every(
          ({ state, deliveries }) =>
            state !== 'waiting' && deliveries.every(({ endedAt }) => endedAt !== null),
        ),
    )
  const inTrace = ({ processors }: EventTraceView, name: string): EventTraceView['processors'][number] => {
    const found = processors.find(({ processor }) => processor === name)
    if (found === undefined) throw new Error(`${name} is not in the trace`)
    return found
  }

  test('trap 16: what is listed is what happened, and changes with it', async () => {
    const before = await list()
    expect(before.observers.map(({ name, origin, log }) => [name, origin, log])).toEqual([
      ['acme', 'code', 'events'],
      ['big-orders', 'code', 'events'],
      ['known-customers', 'code', 'events'],
      ['paid', 'file', 'events'],
      ['parts', 'code', 'events'],
      ['payments', 'code', 'events'],
      ['renamed-articles', 'code', 'changes'],
    ])
    expect(of(before, 'paid').place).toBe(observed.ruleFile)
    expect(of(before, 'big-orders').counts).toEqual({ seen: 0, matched: 0, failed: 0, lastError: null })
    const first = await observed.order({ parts: [] })
    await settled(first)
    await settled(await observed.order({ total: 5 }))
    const after = await list()
    expect(of(after, 'big-orders').counts).toMatchObject({ seen: 2, matched: 1, failed: 0 })
    expect(of(after, 'parts').counts).toMatchObject({ seen: 2, matched: 1, failed: 1 })
    expect(of(after, 'parts').counts?.lastError).toMatch(/index|bounds|range/i)
    const [destination] = after.destinations.filter(({ name }) => name === observed.receiver.host)
    expect(destination).toMatchObject({
      circuit: 'closed',
      timesOpened: 0,
      recent: { calls: 2, failures: 0 },
    })
    const { code, stdout } = await millrace(['observers', 'list'], env)
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(
        /OBSERVER +STATE +RULE[\s\S]*big-orders +enabled +code[\s\S]*DESTINATION +CIRCUIT/,
      ),
    ])
    const shown = await millrace(['observers', 'show', 'big-orders'], env)
    expect(shown.stdout).toMatch(/seen +2\nmatched +1/)
    expect(shown.stdout).toContain('"when": "data.total > 100.0"')
    expect(shown.stdout).not.toContain('hunter22')
  })

  test('a dry run says whether a rule matches, why not, and what would be sent, without secrets', async () => {
    const id = await observed.order()
    await settled(id)
    const calls = observed.receiver.requests.length
    const tried = async (name: string, event = id): Promise<ObserverTestView> =>
      await json<ObserverTestView>('observers', 'test', name, '--event', event)
    const matched = await tried('big-orders')
    expect(matched).toMatchObject({
      event: { id, type: 'order-placed' },
      matched: true,
      verdicts: [{ reason: 'matched', actions: [{ name: 'sales' }, { name: 'stock' }] }],
    })
    const rendered = JSON.stringify(matched)
    expect(rendered).toContain('***')
    expect(rendered).not.toMatch(/hunter22|ada/)
    const reasons = await Promise.all(
      ['acme', 'paid', 'known-customers'].map(async (name) => (await tried(name)).verdicts[0]?.reason),
    )
    expect(reasons).toEqual(['another tenant', 'another event type', 'matched'])
    const cheap = await observed.order({ total: 1, parts: [] })
    expect((await tried('big-orders', cheap)).verdicts[0]?.reason).toBe('the condition is false')
    const failed = await millrace(['observers', 'test', 'parts', '--event', cheap], env)
    expect([failed.code, failed.stdout]).toEqual([1, expect.stringContaining('the condition failed')])
    observed.lookingUp.fails = true
    const away = await millrace(['observers', 'test', 'known-customers', '--event', cheap], env)
    observed.lookingUp.fails = false
    expect([away.code, away.stdout]).toEqual([1, expect.stringContaining('the customers are away')])
    expect((await settled(cheap)).events[0]?.position).toBeDefined()
    expect(observed.receiver.requests).toHaveLength(calls)
    const text = await millrace(['observers', 'test', 'big-orders', '--event', id], env)
    expect([text.code, text.stdout]).toEqual([0, expect.stringContaining('sales (webhook to 127.0.0.1')])
    expect((await millrace(['observers', 'test', 'none', '--event', id], env)).code).toBe(5)
    expect((await millrace(['observers', 'test', 'parts', '--event', nobody], env)).code).toBe(5)
    expect((await millrace(['observers', 'test', 'parts'], env)).code).toBe(2)
  })

  test('an event is followed through every processor, by its id, a delivery or its position', async () => {
    observed.receiver.behave({ kind: 'answer', status: 410 })
    const id = await observed.order({ parts: [0] })
    const followed = await settled(id)
    observed.receiver.behave({ kind: 'answer', status: 200 })
    expect(followed.events).toMatchObject([{ id, type: 'order-placed', data: { customer: '***' } }])
    const big = inTrace(followed, 'big-orders')
    expect(big).toMatchObject({
      state: 'passed',
      verdicts: [{ reason: 'matched' }],
      deliveries: [
        { action: 'sales', state: 'dead', attempts: [{ outcome: 'failed', statusCode: 410 }] },
        { action: 'stock', state: 'dead' },
      ],
      setAside: [{ action: 'sales' }, { action: 'stock' }],
    })
    expect(inTrace(followed, 'parts').verdicts).toMatchObject([{ reason: 'the condition is false' }])
    expect(inTrace(followed, 'acme').verdicts).toMatchObject([{ reason: 'another tenant' }])
    expect(followed.processors.map(({ processor }) => processor)).not.toContain('renamed-articles')
    const delivery = big.deliveries[0]?.id ?? ''
    expect((await trace(delivery)).id).toBe(id)
    expect((await trace(followed.events[0]?.position ?? '')).id).toBe(id)
    const { code, stdout } = await millrace(['debug', 'event', id], env)
    expect([code, stdout]).toEqual([0, expect.stringMatching(/PROCESSOR +STATE +RULE +DELIVERIES/)])
    expect(stdout).toMatch(/ATTEMPT +STARTED[^\n]*\n +1 .*failed +410/)
    for (const unknown of [nobody, 'nonsense', `${nobody}:big-orders:sales`, 'nolog:1:0'])
      expect([unknown, (await millrace(['debug', 'event', unknown], env)).code]).toEqual([unknown, 5])
    expect((await millrace(['debug', 'event', nobody, '--scan'], env)).code).toBe(5)
  })

  test('the change of a row is followed the same way', async () => {
    await observed.app.database.script(`insert into articles values (1, 'tea')`)
    await observed.app.database.script(`update articles set name = 'cake' where id = 1`)
    const { records } = await observed.app.changes.readBatch(await observed.app.changes.beginning())
    const [inserted, updated] = records.map(({ id }) => id)
    const followed = await settled(updated ?? '')
    expect(followed).toMatchObject({
      id: updated,
      events: [{ type: 'articles.updated', streamId: 'articles-1' }],
      processors: [
        {
          processor: 'renamed-articles',
          state: 'passed',
          verdicts: [{ reason: 'matched', actions: [{ rendered: { message: 'tea is cake' } }] }],
          deliveries: [{ action: 'note', state: 'delivered' }],
        },
      ],
    })
    expect((await settled(inserted ?? '')).processors).toMatchObject([
      { verdicts: [{ reason: 'another event type' }], deliveries: [] },
    ])
  })

  test('an observer is switched off and on for good, and that is what events then meet', async () => {
    const off = await json<ObserverItemView>('observers', 'disable', 'big-orders')
    expect(off).toMatchObject({ enabled: false, override: { enabled: false, by: 'cli:ann' } })
    const calls = observed.receiver.requests.length
    const missed = await settled(await observed.order())
    expect(inTrace(missed, 'big-orders')).toMatchObject({
      verdicts: [{ reason: 'disabled' }],
      deliveries: [],
    })
    await observed.restart()
    expect(of(await list(), 'big-orders')).toMatchObject({ enabled: false, override: { by: 'cli:ann' } })
    expect((await millrace(['observers', 'enable', 'big-orders'], env)).stdout).toBe('big-orders enabled\n')
    await settled(await observed.order())
    expect(observed.receiver.requests).toHaveLength(calls + 2)
    expect((await millrace(['observers', 'disable', 'none'], env)).code).toBe(5)
    expect((await millrace(['observers', 'show', 'none'], env)).code).toBe(5)
    const { changes } = await json<{ changes: { action: string; by: string }[] }>(
      'observers',
      'history',
      'big-orders',
    )
    expect(changes.map(({ action, by }) => [action, by])).toEqual([
      ['enable', 'cli:ann'],
      ['disable', 'cli:ann'],
    ])
  })

  test('rules are put into the database and taken out, all of a file or none', async () => {
    const file = join(observed.place.dataDir, 'more.yaml')
    const rule = (name: string, when: string): string =>
      `- name: ${name}\n  source: orders\n  on: order-placed\n  when: ${when}\n  actions:\n    - action: log\n      name: note\n      message: '{{ data.customer }}'\n`
    await writeFile(file, rule('fine', 'data.total > 1.0') + rule('wrong', 'data.totl > 1.0'))
    const refused = await millrace(['observers', 'put', file], env)
    expect([refused.code, refused.stdout]).toEqual([
      4,
      expect.stringMatching(/^more\.yaml:12:9 .*unknown field totl/),
    ])
    expect((await list()).observers.map(({ name }) => name)).not.toContain('fine')
    await writeFile(file, rule('fine', 'data.total > 1.0'))
    expect((await millrace(['observers', 'put', file, '--dry-run'], env)).stdout).toBe(
      'fine would be added\n',
    )
    expect((await list()).observers.map(({ name }) => name)).not.toContain('fine')
    expect((await millrace(['observers', 'put', file], env)).stdout).toBe('fine added\n')
    const put = of(await list(), 'fine')
    expect(put).toMatchObject({ origin: 'stored', version: 1, definition: { when: 'data.total > 1.0' } })
    // What lies in the database is checked against a configuration that may be another: it has no such source.
    const config = join(observed.place.dataDir, 'other.config.mjs')
    const app = pathToFileURL(createRequire(import.meta.url).resolve('@millrace/app')).href
    await writeFile(
      config,
      `import { defineApp } from '${app}'\nexport default defineApp({ name: 'other', observers: { stored: true } })`,
    )
    const checked = await millrace(['config', 'validate', '--config', config], env)
    expect([checked.code, checked.stdout]).toEqual([
      4,
      expect.stringMatching(/^observer_rules: fine\.source: unknown source "orders"/),
    ])
    const id = await observed.order()
    expect(inTrace(await settled(id), 'fine').deliveries).toMatchObject([{ state: 'delivered' }])
    expect((await millrace(['observers', 'put', file], env)).stdout).toBe('fine replaced\n')
    expect((await millrace(['observers', 'remove', 'fine'], env)).stdout).toBe('fine removed\n')
    expect((await millrace(['observers', 'remove', 'fine'], env)).code).toBe(5)
    expect((await millrace(['observers', 'remove', 'big-orders'], env)).code).toBe(5)
    const { stdout } = await millrace(['observers', 'history', 'fine'], env)
    expect(stdout).toMatch(/VERSION +AT +BY +DID\n[\s\S]*cli:ann +remove\n[\s\S]*cli:ann +put\n/)
    // What it delivered is found although nobody runs it any more.
    expect(inTrace(await trace(id), 'fine')).toMatchObject({ state: 'gone', verdicts: null })
    expect((await millrace(['observers', 'put', '/nowhere.yaml'], env)).code).toBe(2)
    await writeFile(file, 'a: [')
    expect((await millrace(['observers', 'put', file], env)).code).toBe(4)
  })

  interface Letters {
    readonly deadLetters: readonly DeadLetterView[]
  }
  const letters = async (...filter: readonly string[]): Promise<readonly DeadLetterView[]> =>
    (await json<Letters>('dlq', 'list', ...filter)).deadLetters

  test('trap 1: an action that used its attempts up is kept with all there is to know, across a restart', async () => {
    expect((await millrace(['dlq', 'remove', '--all'], env)).code).toBe(0)
    observed.receiver.behave(({ path }) => ({ kind: 'answer', status: path === '/sales' ? 503 : 200 }))
    const [one, two] = [await observed.order(), await observed.order()]
    await settled(one)
    await settled(two)
    expect((await letters('--event', one)).map(({ processor, action }) => [processor, action])).toEqual([
      ['big-orders', 'sales'],
    ])
    await observed.restart()
    const kept = await letters('--observer', 'big-orders', '--action', 'sales')
    expect(kept.map(({ recordId, tries }) => [recordId, tries])).toEqual([
      [one, 2],
      [two, 2],
    ])
    expect(await letters('--action', 'stock')).toEqual([])
    expect(await letters('--kind', 'parked')).toEqual([])
    expect(await letters('--processor', 'parts')).toEqual([])
    const shown = await json<DeadLetterView>('dlq', 'show', kept[0]?.id ?? '')
    expect(shown).toMatchObject({
      processor: 'big-orders',
      action: 'sales',
      record: { description: { type: 'order-placed' }, data: { customer: '***', total: 120 } },
      attempts: [
        { number: 1, outcome: 'failed', statusCode: 503 },
        { number: 2, outcome: 'failed', statusCode: 503 },
      ],
    })
    const { stdout } = await millrace(['dlq', 'show', kept[0]?.id ?? ''], env)
    expect(stdout).toMatch(/processor +big-orders.*\naction +sales\n[\s\S]*\n +2 .*failed +503/)
  })

  test('trap 2: a retry is one attempt of that one action, and what failed again is still there', async () => {
    const [first, second] = await letters('--observer', 'big-orders')
    const id = first?.id ?? ''
    const calls = (): readonly (readonly [path: string, key: string | undefined])[] =>
      observed.receiver.requests.map(({ path, headers }) => [path, headers['idempotency-key']])
    const before = calls().length
    const rehearsed = await json<object>('dlq', 'retry', '--observer', 'big-orders', '--dry-run')
    expect(rehearsed).toEqual({ dryRun: true, retry: [id, second?.id] })
    expect(calls()).toHaveLength(before)

    const failed = await millrace(['dlq', 'retry', id], env)
    expect([failed.code, failed.stdout]).toEqual([1, expect.stringMatching(/ {2}failed {2}.*503/)])
    expect(calls().slice(before)).toEqual([['/sales', id]])
    const again = await json<DeadLetterView>('dlq', 'show', id)
    expect(again.attempts.map(({ number, statusCode }) => [number, statusCode])).toEqual([
      [1, 503],
      [2, 503],
      [3, 503],
    ])
    expect(again.history).toMatchObject([{ action: 'retry', by: 'cli:ann' }])

    observed.receiver.behave({ kind: 'answer', status: 200 })
    const done = await json<object>('dlq', 'retry', id)
    expect(done).toEqual({ results: [{ id, outcome: 'delivered', reason: null, attempts: 4 }] })
    expect(calls().slice(before)).toEqual([
      ['/sales', id],
      ['/sales', id],
    ])
    expect((await letters()).map((each) => each.id)).toEqual([second?.id])
    expect((await millrace(['dlq', 'show', id], env)).code).toBe(5)
    expect((await millrace(['dlq', 'retry', id], env)).code).toBe(5)
    expect((await millrace(['dlq', 'retry', '--event', nobody], env)).stdout).toBe('no dead letters\n')
    expect((await millrace(['dlq', 'retry', '--observer', 'a', '--processor', 'b'], env)).code).toBe(2)
  })

  test('what was removed is gone, and who did it is told', async () => {
    const [last] = await letters()
    const id = last?.id ?? ''
    expect((await millrace(['dlq', 'remove', '--action', 'sales'], env)).stdout).toBe(`${id}  removed\n`)
    expect(await letters()).toEqual([])
    const { actions } = await json<DeadLetterHistoryPage>('dlq', 'history', id)
    expect(actions).toMatchObject([{ id, action: 'remove', by: 'cli:ann' }])
    const { stdout } = await millrace(['dlq', 'history', '--limit', '2'], env)
    expect(stdout).toMatch(/AT +BY +DID +ID\n\S+ +cli:ann +remove .*\n\S+ +cli:ann +retry /)
    expect((await millrace(['dlq', 'history', 'none'], env)).stdout).toBe(
      'nobody retried or removed anything\n',
    )
    expect(inTrace(await trace(last?.recordId ?? ''), 'big-orders').deliveries).toMatchObject([
      { action: 'sales', state: 'dead' },
      { action: 'stock', state: 'delivered' },
    ])
  })

  test('a circuit that opened is told, and what waits for it is no dead letter', async () => {
    observed.flaky.behave({ kind: 'answer', status: 503 })
    await observed.pay()
    await observed.flaky.received(2)
    const view = await eventually(list, ({ destinations }) =>
      destinations.some(({ name, circuit }) => name === observed.flaky.host && circuit === 'open'),
    )
    expect(view.destinations.find(({ name }) => name === observed.flaky.host)).toMatchObject({
      timesOpened: 1,
      recent: { calls: 2, failures: 2 },
    })
    const waiting = await observed.pay()
    const followed = await eventually(
      () => trace(waiting),
      (found) => inTrace(found, 'payments').state === 'passed',
    )
    expect(inTrace(followed, 'payments')).toMatchObject({
      deliveries: [{ state: 'open', attempts: [] }],
      setAside: [],
    })
    const status = await millrace(['status'], env)
    expect([status.code, status.stdout]).toEqual([
      1,
      expect.stringMatching(/destination 127\.0\.0\.1:\d+: circuit open, next call in \d+ s/),
    ])
  })

  test('who may only read looks and tries, and changes nothing; who did what is recorded', async () => {
    const as = async (...argv: readonly string[]): Promise<number> =>
      (await millrace(argv, { ...env, MILLRACE_TOKEN: tokens.reader })).code
    const id = await observed.order()
    expect(await as('observers', 'test', 'parts', '--event', id)).toBe(0)
    expect(await as('debug', 'event', id)).toBe(0)
    expect(await as('capture', 'list')).toBe(0)
    expect(await as('observers', 'disable', 'parts')).toBe(1)
    expect(await as('capture', 'install', 'orders')).toBe(1)
    expect(of(await list(), 'parts').enabled).toBe(true)
    const { entries } = await json<AccessPage>('privacy', 'access-log', '--actor', 'ann')
    expect(entries.map(({ action, target, role, outcome }) => [action, target, role, outcome])).toEqual([
      ['POST /api/captures', 'orders', 'operate', 'denied'],
      ['POST /api/observers/:name/disable', 'parts', 'operate', 'denied'],
      ['GET /api/captures', null, 'read', 'allowed'],
      ['GET /api/debug/events/:id', id, 'read', 'allowed'],
      ['POST /api/observers/:name/test', 'parts', 'read', 'allowed'],
    ])
  })

  test('a table is captured, inspected, repaired and let go through the server', async () => {
    const capture = async (...args: readonly string[]): Promise<{ code: number; answer: unknown }> => {
      const { code, stdout } = await millrace(['capture', ...args, '--json'], env)
      return { code, answer: stdout === '' ? undefined : JSON.parse(stdout) }
    }
    const { database } = observed.app
    await database.script('create table goods (id int primary key, name text, cost text, shop text)')
    const ok = { name: 'goods', key: ['id'], excluded: ['cost'], tenant: 'shop', state: 'ok', faults: [] }
    const install = ['install', 'goods', '--exclude', 'cost', '--tenant', 'shop']
    expect(await capture(...install)).toEqual({ code: 0, answer: expect.objectContaining(ok) as unknown })
    expect(await capture('list')).toMatchObject({ code: 0, answer: { captures: [{ name: 'articles' }, ok] } })
    await database.script(
      `insert into goods values (1, 'tea', '1', 'a'); alter table goods rename name to title`,
    )
    const drifted = { state: 'drifted', faults: [{ kind: 'column-renamed', subject: 'name is title' }] }
    expect(await capture('inspect', 'goods')).toMatchObject({ code: 1, answer: drifted })
    expect(await capture('repair', 'goods')).toMatchObject({
      code: 0,
      answer: { ...ok, repaired: drifted.faults },
    })
    expect(await capture('prune', '--older-than', '1', '--dry-run')).toMatchObject({
      code: 0,
      answer: { changes: 0, dryRun: true },
    })
    expect(await capture('remove', 'goods', '--delete-changes')).toEqual({
      code: 0,
      answer: { name: 'goods', removed: true, changesDeleted: true },
    })
    for (const verb of ['inspect', 'repair', 'remove']) expect((await capture(verb, 'goods')).code).toBe(5)
    const refused = await millrace(['capture', 'install', 'nothing'], env)
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('there is no table nothing')])
    const at = ['--url', observed.running.url]
    expect((await millrace(['capture', 'list', ...at], env)).code).toBe(0)
    expect(
      (await millrace(['capture', 'list', ...at, '--database', 'postgres://127.0.0.1:1/x'], env)).code,
    ).toBe(2)
    expect((await capture('prune', '--older-than', '99999')).code).toBe(4)
    expect((await millrace(['capture', 'list', '--url', 'http://127.0.0.1:1'])).code).toBe(3)
  })
})
