import { ConfigurationError } from '@millrace/contracts'
import type { RedisConnection } from '@millrace/redis'

import { WhenAsked } from '../open/when-asked.ts'
import type { Settings } from '../settings/settings.ts'

/** The one connection of an app to Redis. */
export type RedisLink = WhenAsked<RedisConnection>

/** Long enough for a server far away, short enough for somebody who waits for the app to start. */
const connectTimeoutMs = 3_000

/** Connects for the first who asks. A server that is away is no failure: it is connected to when it is back. */
export function redisLink({ redisUrl, redisPrefix }: Settings): RedisLink | undefined {
  const url = redisUrl.value
  if (url === undefined) return undefined
  return new WhenAsked(async () => {
    // Loaded where it is used: every other start is faster without it.
    const { openRedis } = await import('@millrace/redis')
    try {
      return await openRedis({ url, prefix: redisPrefix.value, connectTimeoutMs, whenAway: 'connect-later' })
    } catch (cause) {
      const said = cause instanceof Error ? cause.message : String(cause)
      throw new ConfigurationError(redisUrl.variable, `the server refused this user: ${said}`, { cause })
    }
  })
}
