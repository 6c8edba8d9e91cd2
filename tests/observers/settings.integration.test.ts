import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

import { openCache } from '@millrace/caching'
import { compileCondition, openObservers } from '@millrace/observers'
import type {
  CircuitOptions,
  CommonActionSettings,
  ConditionLimits,
  DestinationLimits,
  EmailSettings,
  LogSettings,
  LookupDefinition,
  ObserverAction,
  ObserverDefinition,
  ObserversOptions,
  SlackSettings,
  SmtpOptions,
  WebhookSettings,
} from '@millrace/observers'
import { systemClock } from '@millrace/processing'
import type { RetryPolicy } from '@millrace/processing'
import { HttpReceiver, SmtpReceiver } from '@millrace/tools/receivers'
import { proveSettings } from '@millrace/tools/traps'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

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

const doors = { test, expect }
const placed = { type: 'order-placed', data: { total: 150 } }
const once = { maxAttempts: 1 } as const

function rule(action: Partial<ObserverAction>, more: Partial<ObserverDefinition> = {}): ObserverDefinition {
  return { name: fresh('rule'), actions: [{ name: 'told', ...action } as ObserverAction], ...more }
}

const line = (message: string): Partial<ObserverAction> => ({ action: 'log', message })

const seven = { load: async () => 7 }

/** How often a look-up is made for two events, one after the other. */
async function loadsWith(ttlMs: number): Promise<number> {
  await using cache = openCache()
  let loads = 0
  const load = async (): Promise<number> => {
    loads += 1
    return await seven.load()
  }
  const lookups = { price: { from: { load }, key: 'x', ttlMs } }
  const lines: string[] = []
  const options: Partial<ObserversOptions> = { cache, log: ({ message }) => lines.push(message) }
  const observer = rule(line('{{ lookup.price }}'), { lookups })
  await using rig = await openRig(ledger, [observer], options)
  for (const n of [1, 2]) {
    await rig.append(String(n), placed)
    await eventually(() => lines).toHaveLength(n)
  }
  return loads
}

/** What is left of e-mails for a server, with some settings. */
async function openMail(
  smtp: Partial<SmtpOptions> & { readonly port: number },
): Promise<Awaited<ReturnType<typeof openRig>> & { readonly rule: string }> {
  const mail = { action: 'email', to: 'a@example.org', subject: 's', text: 't', order: 'none', retry: once }
  const observer = rule(mail as Partial<ObserverAction>)
  const options = { smtp: { host: '127.0.0.1', tls: 'none' as const, from: 'shop@example.org', ...smtp } }
  return Object.assign(await openRig(ledger, [observer], options), { rule: observer.name })
}

describe('trap 17: of openObservers', () => {
  proveSettings<ObserversOptions>(
    'options',
    {
      observers: 'an action of the application gets what its rule renders',
      files: 'rules of a file run like those of code',
      sources: 'rules of a file run like those of code',
      lookups: 'look-ups are made once for each key and tenant, and used by condition and template',
      cache: 'look-ups are made once for each key and tenant, and used by condition and template',
      secrets: 'a matching event is one signed webhook under its own key, and others are none',
      kinds: 'an action of the application gets what its rule renders',
      smtp: 'e-mails are sent only where there is a mail server, and their addresses are checked at load',
      allowHosts:
        'trap 11: of the addresses of a name only the public ones are called, and none where all are private',
      resolveHost: 'trap 11: a name that leads into the private network at its second look-up leads nowhere',
      destinations:
        'trap 10: a failing destination is left alone, its deliveries wait uncounted and go out when it is back',
      metrics: 'trap 16: every metric of the catalogue has a cause above, and is shown',
      log: async () => {
        const lines: unknown[] = []
        await using rig = await openRig(ledger, [rule(line('here'))], { log: (each) => lines.push(each) })
        await rig.append('1', placed)
        await eventually(() => lines).toEqual([
          { level: 'info', message: 'here', event: (await rig.last()).id },
        ])
      },
      conditionLimits: async () => {
        const observers = [rule(line('x'), { when: 'data.total > 100.0 && data.total < 200.0' })]
        await using loaded = openObservers({ observers })
        expect(loaded.processors).toHaveLength(1)
        expect(() => openObservers({ observers, conditionLimits: { maxLength: 20 } })).toThrow(
          /20 characters/,
        )
      },
      clock: async () => {
        await using receiver = await HttpReceiver.open()
        receiver.behave({ kind: 'answer', status: 500 })
        let at = 0
        const clock = { ...systemClock, monotonic: () => at }
        const circuit = { minCalls: 1, openMs: 60_000 }
        const hook = rule({ action: 'webhook', url: receiver.url, retry: once })
        const options = { clock, destinations: { '*': { circuit } } }
        await using rig = await openRig(ledger, [hook], options)
        await rig.append('1', placed)
        const state = (): unknown => rig.observers.status().destinations[0]?.circuit
        await eventually(state).toBe('open')
        at = 60_000
        expect(state()).toBe('half-open')
      },
    },
    doors,
  )

  proveSettings<ObserverDefinition>(
    'rule',
    {
      name: 'trap 1: an action whose attempts are used up is a dead letter with all of them, for the next process too',
      source: 'the compiler knows the types and data of events',
      on: 'an action of the application gets what its rule renders',
      when: 'a condition that fails is no match, counted and shown, and the log goes on',
      actions: 'the actions of one event run at once',
      lookups: 'look-ups are made once for each key and tenant, and used by condition and template',
      priority: 'at one destination the rule of the higher priority goes first',
      enabled:
        'a rule that is switched off lets events pass; one that is new begins now; one that is wrong changes nothing',
      tenant: 'trap 20: a rule of one tenant never sees the events of another',
      startFrom: async () => {
        const lines: string[] = []
        const log = ({ message }: { readonly message: string }): unknown => lines.push(message)
        await using rig = await openRig(ledger, [], { log: (each) => void log(each) })
        await rig.append('1', placed)
        const both = (['now', 'beginning'] as const).map((startFrom) => rule(line(startFrom), { startFrom }))
        await rig.observers.replace({ observers: both })
        for (const { name } of both) await rig.handled(name)
        await eventually(() => lines).toEqual(['beginning'])
        await rig.append('1', placed)
        await eventually(() => lines.toSorted()).toEqual(['beginning', 'beginning', 'now'])
      },
      partitions: async () => {
        await using rig = await openRig(ledger, [rule(line('x'), { partitions: 3 }), rule(line('x'))])
        expect((await rig.runtime.status()).map(({ partition }) => partition)).toEqual([0, 1, 2, 0])
      },
    },
    doors,
  )
})

/** The most requests at once of a rule whose action has some settings, for eight events. */
async function mostAtOnce(settings: Partial<CommonActionSettings>): Promise<number> {
  await using receiver = await HttpReceiver.open()
  receiver.behave({ kind: 'delay', ms: 20 })
  const hook = rule({ action: 'webhook', url: receiver.url, order: 'none', ...settings })
  await using rig = await openRig(ledger, [hook])
  for (let n = 0; n < 8; n++) await rig.append(String(n), placed)
  await eventually(() => rig.states(hook.name)).toEqual({ delivered: 8 })
  return receiver.mostUnderWay
}

describe('trap 17: of actions', () => {
  proveSettings<CommonActionSettings>(
    'action',
    {
      name: 'everything that is wrong with a rule is told at once, each with its place',
      retry: 'every attempt of one delivery carries the same key, whatever came in between',
      timeoutMs:
        'a receiver that hangs is given up at the time-out, and one whose answer never ends has accepted by its status',
      afterUnknown: 'an action that must not repeat is a dead letter when a stop cuts it off',
      order: 'deliveries that are not ordered go out at once',
      onFailure:
        'a rule that holds its keys sends nothing of a row behind a dead letter until that is retried',
      concurrency: async () => {
        expect(await mostAtOnce({ concurrency: 1 })).toBe(1)
        expect(await mostAtOnce({})).toBeGreaterThan(1)
      },
      maxAgeMs: async () => {
        const hook = rule({ action: 'webhook', url: 'http://127.0.0.1:1/', maxAgeMs: 50 })
        await using rig = await openRig(ledger, [hook])
        await rig.append('1', placed)
        await eventually(() => rig.states(hook.name)).toEqual({ dead: 1 })
        expect((await rig.deadLetters(hook.name))[0]?.reason).toMatch(/^could not be reached for/)
      },
    },
    doors,
  )

  proveSettings<RetryPolicy>(
    'retry',
    {
      shape: 'the three shapes grow as their names say',
      maxAttempts:
        'trap 1: an action whose attempts are used up is a dead letter with all of them, for the next process too',
      initialMs: 'trap 9: the retry schedule is kept, and no slot is held while waiting',
      capMs: 'no pause is longer than the cap or negative',
      jitter: 'full jitter takes a random part of the plain pause',
    },
    doors,
  )

  const signed = 'a matching event is one signed webhook under its own key, and others are none'
  proveSettings<WebhookSettings>(
    'webhook',
    {
      url: 'a destination that the event names has its own circuit and limits',
      method: async () => {
        await using receiver = await HttpReceiver.open()
        await using rig = await openRig(ledger, [
          rule({ action: 'webhook', url: receiver.url, method: 'PUT' }),
        ])
        await rig.append('1', placed)
        await receiver.received(1)
        expect(receiver.requests[0]?.method).toBe('PUT')
      },
      headers: signed,
      body: async () => {
        await using receiver = await HttpReceiver.open()
        const body = ({ event, data }: { readonly event: object; readonly data: unknown }): unknown => ({
          keys: Object.keys({ event, data }),
          ...(data as object),
        })
        await using rig = await openRig(ledger, [rule({ action: 'webhook', url: receiver.url, body })])
        await rig.append('1', placed)
        await receiver.received(1)
        expect(receiver.requests[0]?.body).toBe('{"keys":["event","data"],"total":150}')
      },
      signWith: signed,
    },
    doors,
  )

  const mailed = 'an e-mail goes out over TLS, as a user, with its texts escaped for their places'
  proveSettings<EmailSettings>(
    'email',
    { to: mailed, cc: mailed, replyTo: mailed, subject: mailed, text: mailed, html: mailed },
    doors,
  )

  const channel = 'a message to Slack has its values escaped, and its secret address is kept nowhere'
  proveSettings<SlackSettings>('slack', { webhook: channel, text: channel, blocks: channel }, doors)

  proveSettings<LogSettings>(
    'log',
    {
      message: 'trap 12: no secret is in the ledger, the cache, the logs or an error, whatever fails',
      level: async () => {
        const levels: string[] = []
        const warn = rule({ ...line('x'), level: 'warn' })
        await using rig = await openRig(ledger, [warn], { log: ({ level }) => levels.push(level) })
        await rig.append('1', placed)
        await eventually(() => levels).toEqual(['warn'])
      },
    },
    doors,
  )

  const looked = 'look-ups are made once for each key and tenant, and used by condition and template'
  proveSettings<LookupDefinition>(
    'lookup',
    {
      from: looked,
      key: looked,
      ttlMs: async () => {
        expect(await loadsWith(60_000)).toBe(1)
        expect(await loadsWith(0)).toBe(2)
      },
      tags: 'a look-up is made anew once somebody invalidates a tag of it',
    },
    doors,
  )
})

/** What is wrong with a condition, or came of it, under a limit. */
function under(limits: ConditionLimits, text: string): string {
  try {
    const { kind } = compileCondition(text, {}, limits).evaluate({})
    return kind
  } catch (error) {
    return error instanceof Error ? error.name : String(error)
  }
}

function limitProof(name: keyof ConditionLimits, limit: number, text: string): () => Promise<void> {
  return async () => {
    expect(under({}, text)).toBe('match')
    expect(under({ [name]: limit }, text)).toBe(name === 'maxSteps' ? 'error' : 'RuleError')
  }
}

describe('trap 17: of conditions, destinations and the mail server', () => {
  proveSettings<ConditionLimits>(
    'conditionLimits',
    {
      maxLength: limitProof('maxLength', 10, 'true || true'),
      maxDepth: limitProof('maxDepth', 3, '(1 + (1 + (1 + (1 + 1)))) == 5'),
      maxParts: limitProof('maxParts', 3, 'true || true || true'),
      maxElements: limitProof('maxElements', 2, '1 in [1, 2, 3]'),
      maxSteps: limitProof('maxSteps', 2, '[1, 2, 3].all(x, x > 0)'),
    },
    doors,
  )

  proveSettings<DestinationLimits>(
    'destination',
    {
      concurrency: 'no more calls are under way than the limit says',
      perSecond: 'no more calls begin in a second than the limit says',
      circuit: 'what says nothing about the destination does not move its circuit',
    },
    doors,
  )

  const heeded = 'every setting is heeded'
  proveSettings<CircuitOptions>(
    'circuit',
    { windowMs: heeded, minCalls: heeded, failureRate: heeded, openMs: heeded, successes: heeded },
    doors,
  )

  const mailed = 'an e-mail goes out over TLS, as a user, with its texts escaped for their places'
  proveSettings<SmtpOptions>(
    'smtp',
    {
      host: 'a mail server that is not there is waited for without counting attempts',
      port: mailed,
      tls: 'a server without TLS gets nothing unless that was asked for',
      ca: mailed,
      from: mailed,
      user: mailed,
      passwordFrom: mailed,
      connections: async () => {
        const most = async (smtp: Partial<SmtpOptions>): Promise<number> => {
          await using server = await SmtpReceiver.open()
          await using rig = await openMail({ port: server.port, ...smtp })
          for (let n = 0; n < 8; n++) await rig.append(String(n), placed)
          await eventually(() => rig.states(rig.rule)).toEqual({ delivered: 8 })
          return server.mostConnections
        }
        expect(await most({ connections: 1 })).toBe(1)
        expect(await most({})).toBeGreaterThan(1)
      },
      timeoutMs: async () => {
        // Takes connections, and never says a word.
        const silent = createServer(() => undefined).listen(0, '127.0.0.1')
        await eventually(() => silent.listening).toBe(true)
        try {
          const { port } = silent.address() as AddressInfo
          await using rig = await openMail({ port, timeoutMs: 100 })
          await rig.append('1', placed)
          await eventually(() => rig.states(rig.rule)).toEqual({ dead: 1 })
          const [letter] = await rig.deadLetters(rig.rule)
          expect(letter?.attempts[0]?.durationMs).toBeLessThan(5_000)
        } finally {
          silent.close()
        }
      },
    },
    doors,
  )
})
