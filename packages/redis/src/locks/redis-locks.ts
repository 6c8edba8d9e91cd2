import { randomUUID } from 'node:crypto'

import {
  checkAcquireLock,
  checkForceRelease,
  checkLockName,
  checkRenewLock,
  FencedError,
  reachingLockDriver,
} from '@millrace/contracts'
import type {
  AcquireLockOptions,
  Lock,
  LockAttempt,
  LockDriver,
  LockProgress,
  LockView,
} from '@millrace/contracts'

import { LuaScript } from '../connection/lua-script.ts'
import type { RedisConnection } from '../connection/open-redis.ts'
import { lockView } from './lock-rows.ts'
import type { LockFields } from './lock-rows.ts'

/** Settings of {@link openRedisLocks}. */
export interface RedisLocksOptions {
  /** Stays the caller's to close. */
  readonly connection: RedisConnection
}

const scripts = {
  acquire: new LuaScript('lock-acquire'),
  renew: new LuaScript('lock-renew'),
  release: new LuaScript('lock-release'),
  force: new LuaScript('lock-force'),
  read: new LuaScript('lock-read'),
} as const

class RedisLocks implements LockDriver {
  readonly #connection: RedisConnection
  /** One hash tag for all: they are few, and are listed together. */
  readonly #prefix: string

  constructor(connection: RedisConnection) {
    this.#connection = connection
    this.#prefix = `${connection.settings.prefix}:{locks}`
  }

  async acquire(name: string, options: AcquireLockOptions): Promise<LockAttempt> {
    checkAcquireLock(name, options)
    const { owner, ttlMs, above = 0 } = options
    const token = randomUUID()
    const keys = [this.#key(name), this.#names]
    const answer = await this.#run('acquire', keys, [name, owner, token, ttlMs, above])
    const [granted, fact, end] = answer as [number, string, string]
    const expiresAt = new Date(Number(end))
    if (granted === 0) return { kind: 'busy', heldBy: fact, until: expiresAt }
    return { kind: 'granted', lock: { name, owner, token, epoch: Number(fact), expiresAt } }
  }

  async renew({ name, token, epoch }: Lock, ttlMs: number, progress?: LockProgress): Promise<void> {
    checkRenewLock(ttlMs, progress)
    const told = progress === undefined ? [] : [progress.mark, progress.behind]
    const answer = await this.#run('renew', [this.#key(name)], [token, ttlMs, ...told])
    const [renewed, current] = answer as [number, string | undefined]
    if (renewed === 1) return
    const currentEpoch = current === undefined ? undefined : Number(current)
    throw new FencedError(`lock ${name}`, { epoch, currentEpoch })
  }

  async release({ name, token }: Lock): Promise<void> {
    await this.#run('release', [this.#key(name)], [token])
  }

  async inspect(name: string): Promise<LockView | undefined> {
    checkLockName(name)
    const [view] = await this.#read([name])
    return view
  }

  async list(): Promise<readonly LockView[]> {
    const names = await reachingLockDriver(
      'redis',
      async () => await this.#connection.send(async (client) => await client.smembers(this.#names)),
    )
    if (names.length === 0) return []
    return await this.#read(names.toSorted((a, b) => (a < b ? -1 : 1)))
  }

  async forceRelease(name: string, by: string): Promise<boolean> {
    checkForceRelease(name, by)
    return (await this.#run('force', [this.#key(name)], [by])) === 1
  }

  async #read(names: readonly string[]): Promise<readonly LockView[]> {
    const keys = names.map((name) => this.#key(name))
    const [now, ...rows] = (await this.#run('read', keys, [])) as [string, ...LockFields[]]
    const views = names.map((name, i) => lockView(name, rows[i] ?? [], Number(now)))
    return views.filter((view) => view !== undefined)
  }

  get #names(): string {
    return `${this.#prefix}:names`
  }

  #key(name: string): string {
    return `${this.#prefix}:lock:${name}`
  }

  async #run(
    script: keyof typeof scripts,
    keys: readonly string[],
    values: readonly (string | number)[],
  ): Promise<unknown> {
    return await reachingLockDriver(
      'redis',
      async () => await this.#connection.run(scripts[script], keys, values),
    )
  }
}

/**
 * Locks on a Redis server. Nothing is held but the connection, so there is nothing to close. Redis may lose a grant with
 * the server it runs on: what is written under a lock is guarded where it lands, as with every driver.
 */
export function openRedisLocks({ connection }: RedisLocksOptions): LockDriver {
  return new RedisLocks(connection)
}
