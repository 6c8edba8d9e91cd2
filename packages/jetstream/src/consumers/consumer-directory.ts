import { hostname } from 'node:os'

import { InvalidValueError } from '@millrace/contracts'

import { errorCodes, isRefusal } from '../link/server-refusal.ts'
import { answered, pause } from '../read/answered.ts'
import { inactiveNs, namePrefix, ownerKey, purposeKey } from './consumer-config.ts'
import type { ConsumerParts } from './pull-consumer.ts'

/** One consumer on a store's JetStream stream, ours or anybody's. Times are the server's. */
export interface ConsumerInfo {
  readonly name: string
  /**
   * `active`: somebody waits for messages. `idle`: nobody does at the moment. `gone`: nobody seems to any more; a sweep lets the
   * server make sure. `foreign`: not opened by a store of ours; whether it is used is not for us to say.
   */
  readonly state: 'active' | 'idle' | 'gone' | 'foreign'
  /** `<host>:<process id>` of the process that opened it; undefined for a foreign one. */
  readonly owner: string | undefined
  /** What it reads for: `log`, `read`, `lag` or `erasure`; undefined for a foreign one. */
  readonly purpose: string | undefined
  readonly createdAt: Date
  /** When it last delivered a message; undefined when it never did. */
  readonly lastActiveAt: Date | undefined
  /** Milliseconds since it was created. */
  readonly ageMs: number
  /** Messages it has not delivered yet. */
  readonly pending: number
  /** Requests that wait for a message. */
  readonly waiting: number
}

/** Options of {@link ConsumerDirectory.sweep}. */
export interface SweepOptions {
  /** Only says which. @defaultValue false */
  readonly dryRun?: boolean
  /** Milliseconds for which nobody waited for messages, after which nobody will. @defaultValue 60_000 */
  readonly idleMs?: number
}

/** A consumer as JetStream lists it. */
interface ListedConsumer {
  readonly name: string
  readonly created: string
  /** The server's time of the answer. */
  readonly ts: string
  readonly config: {
    readonly metadata?: Readonly<Record<string, string>>
    /** Nanoseconds. */
    readonly inactive_threshold?: number
  }
  readonly delivered: { readonly last_active?: string }
  readonly num_pending: number
  readonly num_waiting: number
}

interface ListAnswer {
  readonly total: number
  /** Null where there are none. */
  readonly consumers: readonly ListedConsumer[] | null
}

/** A consumer that nobody asks for messages for so long is deleted by the server, once it is to be swept. */
const graceNs = 1_000_000_000
/** Long enough for the server to notice, and for a cluster to agree. */
const sweepMs = 3_000
const lookMs = 100

/** Far above the seconds after which the server itself deletes a consumer that nobody asks for messages. */
const defaultIdleMs = 60_000

/** Undefined where it cannot be known from here. */
function isRunning(owner: string): boolean | undefined {
  const [, host, pid] = /^(.*):(\d+)$/.exec(owner) ?? []
  if (host !== hostname()) return undefined
  try {
    return process.kill(Number(pid), 0)
  } catch (error) {
    // EPERM: it runs, and belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function stateOf(listed: ListedConsumer, owner: string | undefined, idleMs: number): ConsumerInfo['state'] {
  if (owner === undefined) return 'foreign'
  if (listed.num_waiting > 0) return 'active'
  const lastActive = Math.max(
    Date.parse(listed.created),
    Date.parse(listed.delivered.last_active ?? listed.created),
  )
  const isSilent = Date.parse(listed.ts) - lastActive >= idleMs
  return isSilent || isRunning(owner) === false ? 'gone' : 'idle'
}

function infoOf(listed: ListedConsumer, idleMs: number): ConsumerInfo {
  const { name, config, created, delivered, ts, num_pending: pending, num_waiting: waiting } = listed
  const metadata = name.startsWith(namePrefix) ? config.metadata : undefined
  const owner = metadata?.[ownerKey]
  const { last_active: lastActive } = delivered
  return {
    name,
    state: stateOf(listed, owner, idleMs),
    owner,
    purpose: owner === undefined ? undefined : metadata?.[purposeKey],
    createdAt: new Date(created),
    lastActiveAt: lastActive === undefined ? undefined : new Date(lastActive),
    ageMs: Math.max(0, Date.parse(ts) - Date.parse(created)),
    pending,
    waiting,
  }
}

/**
 * The consumers on a store's JetStream stream. A store deletes its own, and the server those nobody asks for messages any more;
 * what is left over all the same (a limit changed by hand, a server that was down) is found and swept here.
 */
export class ConsumerDirectory {
  readonly #parts: ConsumerParts

  constructor(parts: ConsumerParts) {
    this.#parts = parts
  }

  /** Every consumer of the stream, the oldest first. @throws {@link ConnectionError} */
  async list(): Promise<readonly ConsumerInfo[]> {
    return await this.#list(defaultIdleMs)
  }

  /**
   * Removes the consumers of ours that nobody will use any more, never a foreign one; returns those that went, or would. Between
   * two requests a reader of a quiet log looks like one that is gone. Only the server knows when it was asked last, so that it is
   * the server who decides: each is given a second to be asked for messages.
   */
  async sweep({ dryRun = false, idleMs = defaultIdleMs }: SweepOptions = {}): Promise<
    readonly ConsumerInfo[]
  > {
    if (!Number.isSafeInteger(idleMs) || idleMs < 1)
      throw new InvalidValueError('idleMs', 'a whole number of milliseconds from 1 up')
    const listed = new Map((await this.#listed()).map((each) => [each.name, each]))
    const gone = inOrder([...listed.values()].map((each) => infoOf(each, idleMs))).filter(
      ({ state }) => state === 'gone',
    )
    if (dryRun || gone.length === 0) return gone
    const asked = gone.map(({ name }) => listed.get(name)).filter((each) => each !== undefined)
    for (const each of asked) await this.#expire(each, graceNs)
    const kept = await this.#kept(asked)
    // They were asked for messages after all.
    for (const each of kept) await this.#expire(each, lifeOf(each))
    const names = new Set(kept.map(({ name }) => name))
    return gone.filter(({ name }) => !names.has(name))
  }

  async #list(idleMs: number): Promise<readonly ConsumerInfo[]> {
    return inOrder((await this.#listed()).map((listed) => infoOf(listed, idleMs)))
  }

  async #listed(): Promise<readonly ListedConsumer[]> {
    const { link, name } = this.#parts
    // By name: one that is deleted between two pages moves the others.
    const found = new Map<string, ListedConsumer>()
    for (let offset = 0, total = 1; offset < total;) {
      const ask = async (): Promise<ListAnswer> =>
        await link.api<ListAnswer>(`CONSUMER.LIST.${name}`, { offset })
      const answer = await answered(link, ask, undefined)
      const page = answer.consumers ?? []
      for (const listed of page) found.set(listed.name, listed)
      total = page.length === 0 ? 0 : answer.total
      offset += page.length
    }
    return [...found.values()]
  }

  /** Those that are still there once the server has had the time to delete them. */
  async #kept(asked: readonly ListedConsumer[]): Promise<readonly ListedConsumer[]> {
    const deadline = performance.now() + sweepMs
    for (;;) {
      await pause(lookMs, this.#parts.link.closed)
      const there = new Map((await this.#listed()).map((each) => [each.name, each]))
      // One of the same name that was created since is another.
      const kept = asked.filter(({ name, created }) => there.get(name)?.created === created)
      if (kept.length === 0 || performance.now() >= deadline) return kept
    }
  }

  /** Has the server delete the consumer after so much time without a request. */
  async #expire({ name: consumer, config }: ListedConsumer, nanoseconds: number): Promise<void> {
    const { link, name } = this.#parts
    const request = {
      stream_name: name,
      config: { ...config, inactive_threshold: nanoseconds },
      action: 'update',
    }
    try {
      await answered(
        link,
        async () => await link.api(`CONSUMER.CREATE.${name}.${consumer}`, request),
        undefined,
      )
    } catch (error) {
      // Gone already: by its owner, the server or another sweep.
      if (!isRefusal(error, errorCodes.consumerNotFound, errorCodes.consumerDoesNotExist)) throw error
    }
  }
}

/** Nanoseconds a consumer had before it was to be swept; another sweep may have got in between. */
function lifeOf({ config }: ListedConsumer): number {
  const { inactive_threshold: life = inactiveNs } = config
  return life === graceNs ? inactiveNs : life
}

function inOrder(infos: readonly ConsumerInfo[]): readonly ConsumerInfo[] {
  return infos.toSorted((a, b) => Number(a.createdAt) - Number(b.createdAt))
}
