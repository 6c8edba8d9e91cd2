import {
  checkClaim,
  checkDone,
  checkReleaseClaims,
  createIdFactory,
  defaultDedupTtlMs,
  parseCommitId,
} from '@millrace/contracts'
import type { ClaimOptions, CommitId, Dedup, DedupClaim, DedupEntry, DoneOptions } from '@millrace/contracts'

import { LuaScript } from '../connection/lua-script.ts'
import type { RedisConnection } from '../connection/open-redis.ts'
import { dedupKeys } from './dedup-keys.ts'

/** Settings of {@link openRedisDedup}. */
export interface RedisDedupOptions {
  /** Stays the caller's to close. */
  readonly connection: RedisConnection
}

const scripts = {
  claim: new LuaScript('dedup-claim'),
  done: new LuaScript('dedup-done'),
  release: new LuaScript('dedup-release'),
} as const

function claimOf(id: string, answer: string, minted: CommitId): DedupClaim {
  const fact = answer.slice(1)
  switch (answer[0]) {
    case 'n':
      return { kind: 'new', id, commitId: minted }
    case 'r':
      return { kind: 'retry', id, commitId: parseCommitId(fact) }
    case 'p':
      return { kind: 'processing', id, until: new Date(Number(fact)) }
    default:
      return { kind: 'done', id, commitId: parseCommitId(fact) }
  }
}

class RedisDedup implements Dedup {
  readonly #connection: RedisConnection
  readonly #mint = createIdFactory()

  constructor(connection: RedisConnection) {
    this.#connection = connection
  }

  async claim(source: string, ids: readonly string[], options: ClaimOptions): Promise<readonly DedupClaim[]> {
    checkClaim(source, ids, options)
    const { owner, leaseMs, ttlMs = defaultDedupTtlMs } = options
    const minted = ids.map(() => this.#mint() as string as CommitId)
    const answer = await this.#run('claim', this.#keys(source, ids), [ttlMs, leaseMs, owner, ...minted])
    const outcomes = answer as readonly string[]
    return minted.map((commitId, i) => claimOf(ids[i] ?? '', outcomes[i] ?? '', commitId))
  }

  async done(
    source: string,
    entries: readonly DedupEntry[],
    options: DoneOptions = {},
  ): Promise<readonly string[]> {
    checkDone(source, entries, options)
    const ids = entries.map(({ id }) => id)
    const commitIds = entries.map(({ commitId }) => commitId)
    const { ttlMs = defaultDedupTtlMs } = options
    const answer = await this.#run('done', this.#keys(source, ids), [ttlMs, ...commitIds])
    const kept = answer as readonly number[]
    return ids.filter((_, i) => kept[i] === 0)
  }

  async release(source: string, ids: readonly string[], owner: string): Promise<void> {
    checkReleaseClaims(source, ids, owner)
    await this.#run('release', this.#keys(source, ids), [owner])
  }

  #keys(source: string, ids: readonly string[]): readonly string[] {
    const beginning = dedupKeys(this.#connection.settings.prefix, source)
    return ids.map((id) => beginning + id)
  }

  async #run(
    script: keyof typeof scripts,
    keys: readonly string[],
    values: readonly (string | number)[],
  ): Promise<unknown> {
    return await this.#connection.run(scripts[script], keys, values)
  }
}

/**
 * Foreign ids on a Redis server, shared by all processes that use its prefix; one round trip for up to 1,000 of them.
 * Redis forgets them with their time, and with its data: see docs/reference/redis-keys.md for what to set on the server.
 */
export function openRedisDedup({ connection }: RedisDedupOptions): Dedup {
  return new RedisDedup(connection)
}
