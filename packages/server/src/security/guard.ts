import { createHash, timingSafeEqual } from 'node:crypto'

import type { TokenHolder } from '@millrace/app'
import { roles } from '@millrace/privacy'
import type { Principal } from '@millrace/privacy'

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
  /** Others with tokens of their own; the holder of `token` may do everything. @defaultValue none */
  readonly tokenHolders?: readonly TokenHolder[]
  /** Host names beside the loopback ones, without ports. @defaultValue none */
  readonly hosts?: readonly string[]
}

/** Lets a request pass, and says who asks; undefined where that is nobody's business here. @throws {@link ForbiddenError} {@link UnauthorizedError} */
export type Guard = (request: Request, level: GuardLevel) => Principal | undefined

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

function everything(name: string): Principal {
  return { name, roles }
}

/** Builds the guard of one server. */
export function createGuard(options: GuardOptions): Guard {
  const hosts = new Set((options.hosts ?? []).map((host) => host.toLowerCase()))
  const known: readonly (readonly [Buffer, Principal])[] = [
    ...(options.token === undefined ? [] : [[digest(options.token), everything('operator')] as const]),
    ...(options.tokenHolders ?? []).map(({ token, principal }) => [digest(token), principal] as const),
  ]

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

  function principalOf(request: Request): Principal {
    const [, given] = /^Bearer +(\S+) *$/i.exec(request.headers.get('authorization') ?? '') ?? []
    // All of them are compared, so that the time it takes tells nothing.
    const matching = known.filter(([expected]) => given !== undefined && isToken(given, expected))
    const [found] = matching
    if (found === undefined)
      throw new UnauthorizedError('this needs the header Authorization: Bearer <MILLRACE_TOKEN>')
    return found[1]
  }

  function checkChange(request: Request): void {
    const json = /^application\/json\s*(;|$)/i.test(request.headers.get('content-type') ?? '')
    if (json || request.headers.has(requestHeader)) return
    throw new ForbiddenError(
      `a change needs Content-Type: application/json or the header ${requestHeader}: 1`,
    )
  }

  return (request, level) => {
    if (level === 'own') return undefined
    checkOrigin(request, checkHost(request))
    if (level === 'open') return undefined
    checkSite(request)
    if (known.length > 0) return principalOf(request)
    if (changing.has(request.method)) checkChange(request)
    return everything('local')
  }
}
