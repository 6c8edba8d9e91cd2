import { host } from './port.ts'
import type { ServerProcess } from './server-process.ts'

/** How a server goes down: told to, with everything written out, or by SIGKILL. */
export type ServerStop = 'shutdown' | 'kill'

/** Where a server listens. */
export interface ServerAddress {
  readonly scheme: string
  readonly port: number
}

/** A server of one's own, that ends with whoever started it. */
export class OwnServer implements AsyncDisposable {
  readonly port: number
  readonly url: string
  readonly #process: ServerProcess

  constructor(process: ServerProcess, { scheme, port }: ServerAddress) {
    this.#process = process
    this.port = port
    this.url = `${scheme}://${host}:${port}`
  }

  /** Undefined while the server is down. */
  get pid(): number | undefined {
    return this.#process.pid
  }

  /** On the same port, with what it had written to the disk. */
  async start(): Promise<void> {
    await this.#process.start()
  }

  async stop(how: ServerStop = 'shutdown'): Promise<void> {
    await this.#process.stop(how === 'kill' ? 'SIGKILL' : 'SIGTERM')
  }

  async restart(how: ServerStop = 'shutdown'): Promise<void> {
    await this.stop(how)
    await this.start()
  }

  /** Stands still, with its connections open, until it is resumed. */
  async pause(): Promise<void> {
    await this.#process.pause()
  }

  resume(): void {
    this.#process.resume()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]()
  }
}
