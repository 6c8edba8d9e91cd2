import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

import { InvalidValueError } from '@millrace/contracts'

import { Delay } from './delay.ts'
import type { Slowness } from './delay.ts'

/** Where a link leads. */
export interface LinkTarget {
  /** @defaultValue `127.0.0.1` */
  readonly host?: string
  readonly port: number
}

const loopback = '127.0.0.1'
const mostLatencyMs = 3_600_000

/** A way to a server over TCP that can be cut, stalled and slowed. Connect to its port instead of the server's. */
export class Link implements AsyncDisposable {
  readonly port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #isCut = false
  #slowness: Slowness = {}
  #stall: PromiseWithResolvers<void> | undefined

  constructor(server: Server, target: LinkTarget) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (client) => this.#join(client, target))
  }

  /** How many connections there are. */
  get connections(): number {
    return Math.floor(this.#sockets.size / 2)
  }

  /** Breaks every connection and refuses new ones. */
  cut(): void {
    this.#isCut = true
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Connections stay open and carry nothing, as when packets are lost. */
  stall(): void {
    this.#stall ??= Promise.withResolvers<void>()
  }

  /**
   * From now on bytes are slow, on open connections too.
   * @throws {@link InvalidValueError} for a delay without end: that is {@link Link.stall}
   */
  slow(slowness: Slowness): void {
    const { latencyMs = 0, bytesPerSecond = Infinity } = slowness
    if (!(latencyMs >= 0 && latencyMs <= mostLatencyMs))
      throw new InvalidValueError('slowness.latencyMs', `0 to ${mostLatencyMs}`)
    if (!(bytesPerSecond >= 1)) throw new InvalidValueError('slowness.bytesPerSecond', '1 or more')
    this.#slowness = slowness
  }

  /** Everything passes again, what was stalled included. */
  mend(): void {
    this.#isCut = false
    this.#slowness = {}
    this.#stall?.resolve()
    this.#stall = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.mend()
    this.cut()
    const closed = once(this.#server, 'close')
    this.#server.close()
    await closed
  }

  #join(client: Socket, { host = loopback, port }: LinkTarget): void {
    if (this.#isCut) {
      client.destroy()
      return
    }
    const upstream = connect({ host, port })
    this.#keep(client, upstream)
    this.#keep(upstream, client)
    client.pipe(this.#delay()).pipe(upstream)
    upstream.pipe(this.#delay()).pipe(client)
  }

  /** An error ends both ends; whoever uses the link sees it on its own side. */
  #keep(socket: Socket, other: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => other.destroy())
    socket.on('close', () => {
      this.#sockets.delete(socket)
      if (socket.readableAborted || this.#isCut) other.destroy()
    })
  }

  #delay(): Delay {
    return new Delay(
      () => this.#slowness,
      () => this.#stall?.promise ?? Promise.resolve(),
    )
  }
}

/** Opens a way to a server, on a free port of this machine. */
export async function openLink(target: LinkTarget): Promise<Link> {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, loopback)
  await once(server, 'listening')
  return new Link(server, target)
}
