import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What an end of HTTP does with a request: its answer, and whether it is kept. */
export type Reception = (request: {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}) => { readonly status: number; readonly text: string }

const maxBytes = 100_000

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += (chunk as Buffer).byteLength
    if (bytes > maxBytes) return undefined
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

async function take(request: IncomingMessage, response: ServerResponse, receive: Reception): Promise<void> {
  const body = await readBody(request)
  if (request.method !== 'POST' || body === undefined) {
    response.writeHead(request.method === 'POST' ? 413 : 405).end()
    return
  }
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  )
  const { status, text } = receive({ body, headers })
  response.writeHead(status, { 'content-type': 'text/plain' }).end(text)
}

/** An end of HTTP on this machine, each path with its own reception. */
export class HttpDesk implements AsyncDisposable {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  /** Listens on a free port of 127.0.0.1. */
  static async open(receptions: Readonly<Record<string, Reception>>): Promise<HttpDesk> {
    const server = createServer((request, response) => {
      const receive = receptions[request.url ?? '/']
      if (receive === undefined) response.writeHead(404).end()
      // Who breaks off while it sends is not answered.
      else take(request, response, receive).catch(() => response.destroy())
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, '127.0.0.1', resolve)
    })
    return new HttpDesk(server)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}
