import type { InvalidationListener } from '@millrace/contracts'
import type { Redis } from 'ioredis'

import { createClient, endClient } from '../connection/open-redis.ts'
import type { RedisSettings } from '../connection/redis-options.ts'

interface Message {
  readonly keys: readonly string[]
  readonly tags: readonly string[]
  readonly erased?: boolean
}

/** Hears what is invalidated, over a connection of its own: one that listens can do nothing else. */
export class CacheChannel implements AsyncDisposable {
  readonly #client: Redis
  readonly #channel: string
  readonly #listener: InvalidationListener

  constructor(settings: RedisSettings, channel: string, listener: InvalidationListener) {
    this.#channel = channel
    this.#listener = listener
    this.#client = createClient(settings, { autoResubscribe: false, maxRetriesPerRequest: 0 })
    this.#client.on('ready', () => void this.#subscribe())
    this.#client.on('close', () => listener.disconnected())
    this.#client.on('message', (_channel: string, message: string) => this.#hear(message))
    // It tries until it is disposed of; a try that fails is followed by the next.
    this.#client.connect().catch(() => undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endClient(this.#client)
  }

  async #subscribe(): Promise<void> {
    try {
      await this.#client.subscribe(this.#channel)
    } catch {
      // The connection broke meanwhile; the next one subscribes.
      return
    }
    this.#listener.connected()
  }

  #hear(message: string): void {
    const { keys, tags, erased = false } = JSON.parse(message) as Message
    this.#listener.invalidated({ keys, tags, erased })
  }
}
