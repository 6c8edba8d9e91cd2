import { once } from 'node:events'
import type { Server, ServerOptions as HttpServerOptions } from 'node:http'
import { isIP } from 'node:net'
import type { AddressInfo } from 'node:net'

import { createAdaptorServer } from '@hono/node-server'
import { ConfigurationError } from '@millrace/contracts'

import { assertBindAllowed } from './security/bind.ts'

/** Settings of {@link serve}. */
export interface ServeOptions {
  /** @defaultValue `'127.0.0.1'` */
  readonly host?: string
  /** 0 lets the system choose. @defaultValue 4400 */
  readonly port?: number
  /** Milliseconds that requests under way get to end when the server closes. @defaultValue 5_000 */
  readonly graceMs?: number
  /** Milliseconds a client may take to send the head of a request. @defaultValue 10_000 */
  readonly headersTimeoutMs?: number
  /** Milliseconds a client may take to send a whole request; answers may take longer. @defaultValue 60_000 */
  readonly requestTimeoutMs?: number
}

/** A listening server. Disposing stops listening, lets requests under way end, and closes what remains. */
export interface RunningServer extends AsyncDisposable {
  /** `http://host:port`, reachable from this machine. */
  readonly url: string
  readonly port: number
}

/** What answers requests; disposing it ends answers that would go on for ever. */
export interface RequestHandler extends Partial<Disposable> {
  readonly fetch: (request: Request) => Response | Promise<Response>
  /** Whether it answers others only with a token; without, it is bound to loopback only. @defaultValue false */
  readonly asksForToken?: boolean
  /** Told under which host names it is reached once it listens, beside the loopback ones. */
  readonly allowHosts?: (hosts: readonly string[]) => void
}

const sweepMs = 20
/** How often, at most, connections are looked at that take too long. */
const checkMs = 5_000

/** What the system's refusals mean to somebody who only chose a port. */
function explainListenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === 'EADDRINUSE')
    return new ConfigurationError(
      'PORT',
      `port ${port} on ${host} is taken; set PORT to another one, or to 0 for any`,
      { cause: error },
    )
  if (error.code === 'EACCES')
    return new ConfigurationError(
      'PORT',
      `port ${port} may not be used by this user; set PORT to one above 1023`,
      { cause: error },
    )
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
    return new ConfigurationError('MILLRACE_HOST', `${host} is not an address of this machine`, {
      cause: error,
    })
  return error
}

async function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw explainListenError(error as NodeJS.ErrnoException, host, port)
  }
  return server.address() as AddressInfo
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  // A connection whose request ends from now on would otherwise stay open for the client's next one.
  const sweep = setInterval(() => server.closeIdleConnections(), sweepMs)
  const end = setTimeout(() => server.closeAllConnections(), graceMs)
  try {
    await closed
  } finally {
    clearInterval(sweep)
    clearTimeout(end)
  }
}

/** Who sends a request byte by byte must not hold its connection for ever. */
function timeoutsOf({
  headersTimeoutMs = 10_000,
  requestTimeoutMs = 60_000,
}: ServeOptions): HttpServerOptions {
  return {
    headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.min(checkMs, headersTimeoutMs, requestTimeoutMs),
  }
}

function urlOf({ address, family, port }: AddressInfo): string {
  const name = address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address
  return `http://${family === 'IPv6' && name.includes(':') ? `[${name}]` : name}:${port}`
}

/** What the handler's own URL calls it, and the name that was bound. */
function hostNames(host: string, url: string): readonly string[] {
  const names = isIP(host) === 0 ? [host] : []
  return URL.canParse(url) ? [new URL(url).hostname, ...names] : names
}

/**
 * Listens and answers with the handler.
 *
 * @throws {@link ConfigurationError} when the port is taken, the address is not this machine's, or others could reach
 * it and the handler asks for no token
 */
export async function serve(handler: RequestHandler, options: ServeOptions = {}): Promise<RunningServer> {
  const { port = 4400, graceMs = 5_000 } = options
  const host = (options.host ?? '127.0.0.1').replace(/^\[(.*)\]$/, '$1')
  assertBindAllowed(host, handler.asksForToken === true)
  const server = createAdaptorServer({
    fetch: handler.fetch,
    overrideGlobalObjects: false,
    serverOptions: timeoutsOf(options),
  }) as Server
  const address = await listen(server, host, port)
  const url = urlOf(address)
  handler.allowHosts?.(hostNames(host, url))
  let closing: Promise<void> | undefined
  return {
    url,
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      handler[Symbol.dispose]?.()
      closing ??= close(server, graceMs)
      await closing
    },
  }
}
