import pg from 'pg'
import type { ClientConfig } from 'pg'

type OnNotify = (payload: string) => void

const firstRetryMs = 100
const maxRetryMs = 5_000

/** Channel names stand in LISTEN without quotes. */
function checkChannel(channel: string): void {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(channel))
    throw new RangeError(`channel ${JSON.stringify(channel)} is not [a-z][a-z0-9_]*`)
}

/**
 * One connection for all LISTENs of a process. When it breaks it is opened again, with growing pauses; then every
 * listener is called once with an empty payload, since notifications may have been missed.
 */
export class PgListener implements AsyncDisposable {
  readonly #config: ClientConfig
  readonly #listeners = new Map<string, Set<OnNotify>>()
  /** The client in use or about to be; every other has been given up. */
  #client: pg.Client | undefined
  #connection: Promise<pg.Client> | undefined
  #retry: NodeJS.Timeout | undefined
  #retryMs = firstRetryMs
  #closed = false

  constructor(config: ClientConfig) {
    this.#config = config
  }

  async listen(channel: string, onNotify: OnNotify): Promise<AsyncDisposable> {
    checkChannel(channel)
    const known = this.#listeners.get(channel)
    const callbacks = known ?? new Set<OnNotify>()
    callbacks.add(onNotify)
    this.#listeners.set(channel, callbacks)
    try {
      if (known === undefined) await this.#subscribe(channel)
    } catch (error) {
      await this.#forget(channel, onNotify)
      throw error
    }
    return { [Symbol.asyncDispose]: () => this.#forget(channel, onNotify) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    clearTimeout(this.#retry)
    const connection = this.#connection
    this.#connection = undefined
    this.#listeners.clear()
    await connection?.then(
      (client) => client.end(),
      () => undefined,
    )
  }

  async #subscribe(channel: string): Promise<void> {
    // A new connection listens to every channel that is known, this one included.
    if (this.#connection === undefined) await this.#connect()
    else await (await this.#connection).query(`listen ${channel}`)
  }

  async #forget(channel: string, onNotify: OnNotify): Promise<void> {
    const callbacks = this.#listeners.get(channel)
    callbacks?.delete(onNotify)
    if (callbacks === undefined || callbacks.size > 0) return
    this.#listeners.delete(channel)
    const connection = this.#connection
    if (connection === undefined) return
    try {
      await (await connection).query(`unlisten ${channel}`)
    } catch {
      // A broken connection listens to nothing; the one that replaces it does not know the channel.
    }
  }

  async #connect(): Promise<void> {
    clearTimeout(this.#retry)
    this.#retry = undefined
    const client = new pg.Client(this.#config)
    this.#client = client
    // Before it connects: an error nobody listens to ends the process.
    client.on('error', () => this.#lost(client))
    client.on('end', () => this.#lost(client))
    client.on('notification', ({ channel, payload }) => this.#call(channel, payload ?? ''))
    this.#connection = this.#open(client)
    try {
      await this.#connection
      this.#retryMs = firstRetryMs
    } catch (error) {
      this.#lost(client)
      throw error
    }
  }

  async #open(client: pg.Client): Promise<pg.Client> {
    try {
      await client.connect()
      for (const channel of this.#listeners.keys()) await client.query(`listen ${channel}`)
      return client
    } catch (error) {
      await client.end().catch(() => undefined)
      throw error
    }
  }

  /** A client that ends late does not take the one that replaced it along. */
  #lost(client: pg.Client): void {
    if (this.#closed || client !== this.#client) return
    this.#client = undefined
    this.#connection = undefined
    this.#retry = setTimeout(() => this.#reconnect(), this.#retryMs)
    this.#retryMs = Math.min(this.#retryMs * 2, maxRetryMs)
  }

  #reconnect(): void {
    this.#retry = undefined
    if (this.#listeners.size === 0 || this.#closed) return
    this.#connect().then(
      () => {
        for (const channel of this.#listeners.keys()) this.#call(channel, '')
      },
      // Scheduled again by #connect; polling readers do without notifications until then.
      () => undefined,
    )
  }

  #call(channel: string, payload: string): void {
    for (const onNotify of this.#listeners.get(channel) ?? []) onNotify(payload)
  }
}
