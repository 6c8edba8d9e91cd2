import { startRedis } from '../../services/index.ts'
import type { RedisServer } from '../../services/index.ts'

/** A Redis of the benchmarks' own that writes its file as servers usually do; starts when it is first asked for. */
export class BenchRedis implements AsyncDisposable {
  #server: Promise<RedisServer> | undefined

  async url(): Promise<string> {
    this.#server ??= startRedis({ durable: true, settings: { appendfsync: 'everysec' } })
    return (await this.#server).url
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A server that did not start was stopped by its start, which has told those who asked for it.
    const server = await this.#server?.catch(() => undefined)
    await server?.[Symbol.asyncDispose]()
  }
}
