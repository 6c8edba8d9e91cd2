import { once } from 'node:events'

import { ConnectionError } from '@millrace/contracts'
import { Redis } from 'ioredis'

import type { LuaScript } from './lua-script.ts'
import { isUnknownScript, redisFailure } from './redis-failure.ts'
import { checkRedisOptions } from './redis-options.ts'
import type { RedisOptions, RedisSettings } from './redis-options.ts'

const [firstRetryMs, maxRetryMs, goodbyeMs] = [50, 1_000, 20]

function retryDelay(times: number): number {
  return Math.min(firstRetryMs * 2 ** Math.min(times - 1, 10), maxRetryMs)
}

/**
 * One connection to a Redis server, shared by locks, dedup, caches and queues. It comes back by itself; meanwhile every
 * command fails at once with a {@link ConnectionError}, and one without an answer fails after its time: nothing waits for
 * a server that is away.
 */
export class RedisConnection implements AsyncDisposable {
  readonly settings: RedisSettings
  /** The driver's client, for the adapters of this package. */
  readonly client: Redis
  readonly #watchdog: NodeJS.Timeout
  #sent = 0
  #answered = 0

  constructor(settings: RedisSettings, client: Redis) {
    this.settings = settings
    this.client = client
    this.#watchdog = this.#watch()
  }

  /** What the server of this connection is called. */
  get server(): string {
    return this.settings.server
  }

  /** True while commands are sent. */
  get isReady(): boolean {
    return this.client.status === 'ready'
  }

  /** Sends commands. @throws {@link ConnectionError} */
  async send<T>(work: (client: Redis) => Promise<T>): Promise<T> {
    this.#sent += 1
    try {
      return await work(this.client)
    } catch (error) {
      throw redisFailure(error, this.server)
    } finally {
      this.#answered += 1
    }
  }

  /** Runs a script, which the server is sent once. @throws {@link ConnectionError} */
  async run(
    { sha, text }: LuaScript,
    keys: readonly string[],
    values: readonly (string | number)[] = [],
  ): Promise<unknown> {
    const given = [keys.length, ...keys, ...values]
    return await this.send(async (client) => {
      try {
        return await client.call('EVALSHA', sha, ...given)
      } catch (error) {
        if (!isUnknownScript(error)) throw error
        return await client.call('EVAL', text, ...given)
      }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#watchdog)
    await endClient(this.client)
  }

  /**
   * One look for all commands, instead of a timer for each: where something was asked and nothing answered since the look
   * before last, the connection is given up, and with it what was sent.
   */
  #watch(): NodeJS.Timeout {
    let before = { answered: 0, silent: false }
    const look = (): void => {
      const silent = this.#sent > this.#answered && this.#answered === before.answered
      if (silent && before.silent) this.client.disconnect(true)
      before = { answered: this.#answered, silent: silent && !before.silent }
    }
    return setInterval(look, this.settings.commandTimeoutMs / 2).unref()
  }
}

/** Ends a client. Between two tries there is no connection whose end could be waited for. */
export async function endClient(client: Redis): Promise<void> {
  const { status } = client
  if (status === 'end') return
  const ended = status === 'reconnecting' ? undefined : once(client, 'end')
  client.disconnect()
  await ended
}

/** A further client with the same address, for what needs a connection of its own. */
export function createClient({ url, connectTimeoutMs }: RedisSettings, further: object = {}): Redis {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: connectTimeoutMs,
    // A server that hangs does not answer a goodbye either.
    disconnectTimeout: goodbyeMs,
    retryStrategy: retryDelay,
    ...further,
  })
  // Every command tells its own caller; without a listener the driver would print what the connection says beside.
  client.on('error', () => undefined)
  return client
}

/**
 * Opens a connection.
 *
 * @throws {@link ConfigurationError} for a bad setting
 * @throws {@link ConnectionError} where the server does not answer, unless it is to connect later
 */
export async function openRedis(options: RedisOptions): Promise<RedisConnection> {
  const settings = checkRedisOptions(options)
  const client = createClient(settings, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
  })
  let refused: unknown
  client.once('error', (error) => (refused = error))
  // A server that hangs takes a connection and says nothing.
  const timer = setTimeout(
    () => client.disconnect(settings.whenAway === 'connect-later'),
    settings.connectTimeoutMs,
  )
  try {
    await client.connect()
  } catch (error) {
    const failure = redisFailure(refused ?? error, settings.server)
    if (settings.whenAway === 'fail' || !(failure instanceof ConnectionError)) {
      await endClient(client)
      throw failure
    }
  } finally {
    clearTimeout(timer)
  }
  return new RedisConnection(settings, client)
}
