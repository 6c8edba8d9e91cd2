import { createHash, timingSafeEqual } from 'node:crypto'

import { ForbiddenError, UnauthorizedError } from '../http/request-error.ts'
import { isLoopback } from './bind.ts'

/**
 * What is asked of a request. `management`: allowed host and origin, the token, and no cross-site change.
 * `open`: allowed host and origin only. `own`: nothing here, the handler guards itself (a signature, for example).
 */
export type GuardLevel = 'management' | 'open' | 'own'

/** Settings of {@link createGuard}. */
export interface GuardOptions {
  /** @defaultValue none is asked for */
  readonly token?: string
  /** Host names beside the loopback ones, without ports. @defaultValue none */
  readonly hosts?: readonly string[]
}

/** Lets a request pass. @throws {@link ForbiddenError} {@link UnauthorizedError} */
export type Guard = (request: Request, level: GuardLevel) => void

const changing = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

/** Requests with this header, or a JSON body, cannot be made by a form of another site. */
const requestHeader = 'x-millrace-request'

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** In constant time, whatever the lengths. */
function isToken(given: string, tokenDigest: Buffer): boolean {
  return timingSafeEqual(digest(given), tokenDigest)
}

/** The authority of a host header, parsed the way a URL is; undefined where it is none. */
function parseHost(host: string): URL | undefined {
  return /^[\w.:[\]-]+$/.test(host) && URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : undefined
}

/** Where the request says it was sent to; a request that never was on a wire says so by its URL. */
function hostOf(request: Request): URL | undefined {
  return parseHost(request.headers.get('host') ?? new URL(request.url).host)
}

/** Builds the guard of one server. */
export function createGuard(options: GuardOptions): Guard {
  const hosts = new Set((options.hosts ?? []).map((host) => host.toLowerCase()))
  const tokenDigest = options.token === undefined ? undefined : digest(options.token)

  function checkHost(request: Request): URL {
    const host = hostOf(request)
    // Another name means that some site has pointed its own name at this machine (DNS rebinding).
    if (host === undefined || !(isLoopback(host.hostname) || hosts.has(host.hostname)))
      throw new ForbiddenError(
        'the Host header names a host that is not served here; add it to MILLRACE_HOSTS',
      )
    return host
  }

  function checkOrigin(request: Request, host: URL): void {
    const origin = request.headers.get('origin')
    if (origin === null) return
    const from = URL.canParse(origin) ? new URL(origin) : undefined
    if (from !== undefined && (from.host === host.host || hosts.has(from.hostname))) return
    throw new ForbiddenError('the Origin header names another site')
  }

  /**
   * A page of another site may send a plain GET without an Origin. It learns nothing from the answer, but could keep the
   * app busy. A person who follows a link from there may see what is here.
   */
  function checkSite(request: Request): void {
    const site = request.headers.get('sec-fetch-site')
    if (site === null || site === 'same-origin' || site === 'none') return
    if (request.headers.has('origin') || request.headers.get('sec-fetch-dest') === 'document') return
    throw new ForbiddenError('the page of another site asks for this')
  }

  function checkToken(request: Request, expected: Buffer): void {
    const [, given] = /^Bearer +(\S+) *$/i.exec(request.headers.get('authorization') ?? '') ?? []
    if (given === undefined || !isToken(given, expected))
      throw new UnauthorizedError('this needs the header Authorization: Bearer <MILLRACE_TOKEN>')
  }

  function checkChange(request: Request): void {
    const json = /^application\/json\s*(;|$)/i.test(request.headers.get('content-type') ?? '')
    if (json || request.headers.has(requestHeader)) return
    throw new ForbiddenError(
      `a change needs Content-Type: application/json or the header ${requestHeader}: 1`,
    )
  }

  return (request, level) => {
    if (level === 'own') return
    checkOrigin(request, checkHost(request))
    if (level === 'open') return
    checkSite(request)
    if (tokenDigest !== undefined) checkToken(request, tokenDigest)
    else if (changing.has(request.method)) checkChange(request)
  }
}
