import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** A request as it came in. */
export interface ReceivedRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Epoch milliseconds of its first byte. */
  readonly at: number
}

/** What a receiver does with a request. */
export type Behaviour =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string
    }
  /** Answers after some milliseconds. */
  | { readonly kind: 'delay'; readonly ms: number; readonly status?: number }
  /** Takes the request and never answers. */
  | { readonly kind: 'hang' }
  /** Breaks the connection off. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: 301 | 302 | 303 | 307 | 308 }
  /** An answer of which a part comes, and then nothing (`stall`), or the connection is broken off (`break`). */
  | { readonly kind: 'stall' | 'break'; readonly status?: number }
  /** An answer that goes on for ever. */
  | { readonly kind: 'endless'; readonly status?: number }
  /** Decides while the request waits. */
  | { readonly kind: 'decide'; readonly behaviour: Promise<Behaviour> }

const ok: Behaviour = { kind: 'answer', status: 200 }

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

/** A web server that takes whatever comes, remembers it, and fails on demand. */
export class HttpReceiver implements AsyncDisposable {
  readonly requests: ReceivedRequest[] = []
  readonly #server: Server
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #waiting = new Set<() => void>()
  readonly #script: Behaviour[] = []
  #behaviour: Behaviour | ((request: ReceivedRequest) => Behaviour) = ok
  #underWay = 0
  #mostUnderWay = 0

  private constructor(server: Server) {
    this.#server = server
    server.on('request', (request, response) => void this.#take(request, response))
  }

  /** Listens on a free port of 127.0.0.1. */
  static async open(): Promise<HttpReceiver> {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, '127.0.0.1', resolve)
    })
    return new HttpReceiver(server)
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get url(): string {
    return `http://${this.host}`
  }

  /** The most requests that were answered at once. */
  get mostUnderWay(): number {
    return this.#mostUnderWay
  }

  /** How it treats every request from now on. */
  behave(behaviour: Behaviour | ((request: ReceivedRequest) => Behaviour)): void {
    this.#behaviour = behaviour
  }

  /** How it treats the next ones, one each, before it behaves as usual. */
  next(...script: readonly Behaviour[]): void {
    this.#script.push(...script)
  }

  /** Resolves once so many requests came in. @throws when they did not within the time */
  async received(count: number, timeoutMs = 10_000): Promise<readonly ReceivedRequest[]> {
    const deadline = Date.now() + timeoutMs
    while (this.requests.length < count) {
      const leftMs = deadline - Date.now()
      if (leftMs <= 0)
        throw new Error(`${this.requests.length} of ${count} requests came within ${timeoutMs} ms`)
      await this.#change(leftMs)
    }
    return this.requests
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #change(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      this.#waiting.add(wake)
    })
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = Date.now()
    this.#mostUnderWay = Math.max(this.#mostUnderWay, ++this.#underWay)
    response.once('close', () => this.#underWay--)
    // Whoever breaks off while it sends is none of a receiver's concern.
    const body = await bodyOf(request).catch(() => undefined)
    if (body === undefined) return
    const { method = '', url = '/' } = request
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    )
    const received = { method, path: url, headers, body, at }
    this.requests.push(received)
    this.#treat(received, response)
    for (const wake of this.#waiting) wake()
  }

  #treat(received: ReceivedRequest, response: ServerResponse): void {
    const usual = typeof this.#behaviour === 'function' ? this.#behaviour(received) : this.#behaviour
    this.#act(this.#script.shift() ?? usual, response)
  }

  #act(behaviour: Behaviour, response: ServerResponse): void {
    switch (behaviour.kind) {
      case 'answer':
        response.writeHead(behaviour.status, { ...behaviour.headers }).end(behaviour.body ?? '')
        return
      case 'delay':
        this.#later(behaviour.ms, () => response.writeHead(behaviour.status ?? 200).end())
        return
      case 'hang':
        return
      case 'reset':
        reset(response.socket)
        return
      case 'redirect':
        response.writeHead(behaviour.status ?? 302, { location: behaviour.to }).end()
        return
      case 'stall':
      case 'break':
        response.writeHead(behaviour.status ?? 200, { 'content-length': '100' })
        response.write('x', () => behaviour.kind === 'break' && response.socket?.destroy())
        return
      case 'endless':
        response.writeHead(behaviour.status ?? 200)
        pour(response)
        return
      case 'decide':
        void behaviour.behaviour.then((decided) => this.#act(decided, response))
    }
  }

  #later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      act()
    }, ms)
    this.#timers.add(timer)
  }
}

function reset(socket: Socket | null): void {
  socket?.resetAndDestroy()
}

function pour(response: ServerResponse): void {
  const more = (): void => {
    while (!response.destroyed && response.write('x'.repeat(16_384)));
    response.once('drain', more)
  }
  more()
}
