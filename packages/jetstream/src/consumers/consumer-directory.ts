import { hostname } from 'node:os'

import { InvalidValueError } from '@millrace/contracts'

import { errorCodes, isRefusal } from '../link/server-refusal.ts'
import { answered } from '../read/answered.ts'
import { namePrefix, ownerKey, purposeKey } from './consumer-config.ts'
import type { ConsumerParts } from './pull-consumer.ts'

/** One consumer on a store's JetStream stream, ours or anybody's. Times are the server's. */
export interface ConsumerInfo {
  readonly name: string
  /**
   * `active`: somebody waits for messages. `idle`: nobody does at the moment. `gone`: nobody will any more. `foreign`: not
   * opened by a store of ours; whether it is used is not for us to say.
   */
  readonly state: 'active' | 'idle' | 'gone' | 'foreign'
  /** `<host>:<process id>` of the process that opened it; undefined for a foreign one. */
  readonly owner: string | undefined
  /** What it reads for: `log`, `read` or `lag`; undefined for a foreign one. */
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
  readonly config: { readonly metadata?: Readonly<Record<string, string>> }
  readonly delivered: { readonly last_active?: string }
  readonly num_pending: number
  readonly num_waiting: number
}

interface ListAnswer {
  readonly total: number
  /** Null where there are none. */
  readonly consumers: readonly ListedConsumer[] | null
}

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
   * Deletes the consumers of ours that nobody will use any more, never a foreign one; returns those it deleted, or would. Should
   * the owner of one come back after all, it opens a new one and goes on where it was.
   */
  async sweep({ dryRun = false, idleMs = defaultIdleMs }: SweepOptions = {}): Promise<
    readonly ConsumerInfo[]
  > {
    if (!Number.isSafeInteger(idleMs) || idleMs < 1)
      throw new InvalidValueError('idleMs', 'a whole number of milliseconds from 1 up')
    const swept: ConsumerInfo[] = []
    for (const consumer of await this.#list(idleMs))
      if (consumer.state === 'gone' && (dryRun || (await this.#delete(consumer.name)))) swept.push(consumer)
    return swept
  }

  async #list(idleMs: number): Promise<readonly ConsumerInfo[]> {
    const { link, name } = this.#parts
    // By name: one that is deleted between two pages moves the others.
    const found = new Map<string, ConsumerInfo>()
    for (let offset = 0, total = 1; offset < total;) {
      const ask = async (): Promise<ListAnswer> =>
        await link.api<ListAnswer>(`CONSUMER.LIST.${name}`, { offset })
      const answer = await answered(link, ask, undefined)
      const page = answer.consumers ?? []
      for (const listed of page) found.set(listed.name, infoOf(listed, idleMs))
      total = page.length === 0 ? 0 : answer.total
      offset += page.length
    }
    return [...found.values()].toSorted((a, b) => Number(a.createdAt) - Number(b.createdAt))
  }

  /** False where it was gone already. */
  async #delete(consumer: string): Promise<boolean> {
    const { link, name } = this.#parts
    try {
      await answered(link, async () => await link.api(`CONSUMER.DELETE.${name}.${consumer}`), undefined)
      return true
    } catch (error) {
      if (isRefusal(error, errorCodes.consumerNotFound)) return false
      throw error
    }
  }
}
