import { createManagement } from '@millrace/app'
import type { App } from '@millrace/app'
import type { AccessLog } from '@millrace/contracts'
import { Hono } from 'hono'
import type { Context } from 'hono'

import { errorResponse, refusal } from './http/error-response.ts'
import { LiveStreams } from './live/live-stream.ts'
import type { LiveSource } from './live/live-stream.ts'
import { healthRoute } from './routes/health-route.ts'
import { managementRoutes } from './routes/management-routes.ts'
import { pageRoutes } from './routes/page-routes.ts'
import type { Route } from './routes/route.ts'
import { admission } from './security/admission.ts'
import type { Admit } from './security/admission.ts'
import { createGuard } from './security/guard.ts'
import type { GuardOptions } from './security/guard.ts'

/** Settings of {@link createServer}. */
export interface ServerOptions extends GuardOptions {
  /** Routes of the app's own, beside those of the management API. @defaultValue none */
  readonly routes?: readonly Route[]
  /** Where the use of the management API is recorded. @defaultValue the app's */
  readonly accessLog?: AccessLog
  /** Told of every failure that the client is told nothing about. @defaultValue writes it to standard error */
  readonly onError?: (error: unknown) => void
  /** Milliseconds between heartbeats of live streams. @defaultValue 15_000 */
  readonly heartbeatMs?: number
  /** Milliseconds a live stream's client may read nothing before it is cut. @defaultValue 15_000 */
  readonly stallMs?: number
  /** Live streams open at once. @defaultValue 100 */
  readonly maxLiveStreams?: number
}

/** The HTTP interface of an app. */
export interface MillraceServer extends Disposable {
  /** Answers a request; never rejects. */
  readonly fetch: (request: Request) => Promise<Response>
  /** Whether the management API asks for a token. */
  readonly asksForToken: boolean
  /** Adds host names it is served under. {@link serve} does it for those of its address. */
  readonly allowHosts: (hosts: readonly string[]) => void
  /** Ends every live stream and opens no other; other requests are still answered. */
  [Symbol.dispose](): void
}

/** What is served: an app, or a management of another kind. */
export type ServerSource = App | LiveSource

/** Whom an app knows, and where it records what they do, unless the options say otherwise. */
function accessOf(
  source: ServerSource,
  options: ServerOptions,
): Pick<ServerOptions, 'accessLog' | 'tokenHolders'> {
  const app = 'management' in source ? undefined : source
  const accessLog = options.accessLog ?? app?.accessLog
  const tokenHolders = options.tokenHolders ?? app?.tokenHolders
  return {
    ...(accessLog === undefined ? {} : { accessLog }),
    ...(tokenHolders === undefined ? {} : { tokenHolders }),
  }
}

const liveBufferBytes = 65_536

function liveSource(source: ServerSource): LiveSource {
  if ('management' in source) return source
  return { management: createManagement(source), onChange: (listener) => source.onChange(listener) }
}

function writeToStandardError(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
}

/** A failure the client gets no details of must be seen by somebody. */
function answerError(error: unknown, onError: (error: unknown) => void): Response {
  const response = errorResponse(error)
  if (response.status === 500) onError(error)
  return response
}

/** Answers although the database or the events are away, or says so itself. */
const answersWithout: ReadonlySet<string> = new Set([
  '/healthz',
  '/api/status',
  '/api/live',
  '/metrics',
  '/api/metrics',
])

/** Does a piece of work, or says that what it needs is away. */
type Gate = <Result>(work: () => Promise<Result>) => Promise<Result>

/** Nothing is begun, and nothing waited for, while the app's database or events are away: 503 instead. */
function gateOf(source: ServerSource): Gate {
  if ('management' in source) return async (work) => await work()
  return async (work) => await source.health.whileThere(work)
}

/** What stands before the handlers of routes. */
interface Entrance {
  readonly admit: Admit
  readonly gate: Gate
  readonly isGated: (route: Route) => boolean
}

function mount(router: Hono, routes: readonly Route[], { admit, gate, isGated }: Entrance): void {
  for (const route of routes)
    router.on(route.method, route.path, async (context: Context) => {
      const params = context.req.param() as Readonly<Record<string, string>>
      await admit(context.req.raw, route, params)
      const handle = async (): Promise<Response> => await route.handle(context.req.raw, { params })
      return isGated(route) ? await gate(handle) : await handle()
    })
  for (const [path, group] of Map.groupBy(routes, (route) => route.path)) {
    const allowed = group.map(({ method }) => method).join(', ')
    const error = { code: 'ERR_METHOD_NOT_ALLOWED', message: `this path answers ${allowed} only` }
    router.all(path, () => refusal(405, error, { allow: allowed }))
  }
}

/**
 * Builds the HTTP interface: the management API, live streams, health, the console page and the app's own routes.
 * Reads nothing before the first request. Dispose it to end the live streams; the app stays open.
 */
export function createServer(source: ServerSource, options: ServerOptions = {}): MillraceServer {
  const { routes = [], onError = writeToStandardError, heartbeatMs = 15_000, stallMs = 15_000 } = options
  const live = liveSource(source)
  const maxConnections = options.maxLiveStreams ?? 100
  const streams = new LiveStreams(live, {
    heartbeatMs,
    stallMs,
    bufferBytes: liveBufferBytes,
    maxConnections,
    onError,
  })
  const router = new Hono()
  router.use(async (context, next) => {
    await next()
    context.header('x-content-type-options', 'nosniff')
    context.header('referrer-policy', 'no-referrer')
  })
  router.onError((error) => answerError(error, onError))
  router.notFound(() => refusal(404, { code: 'ERR_NOT_FOUND', message: 'nothing is served under this path' }))
  const pages = pageRoutes()
  const liveRoute: Route = { method: 'GET', path: '/api/live', handle: (request) => streams.connect(request) }
  const all = [
    healthRoute(live.management),
    ...managementRoutes(live.management),
    liveRoute,
    ...routes,
    ...pages,
  ]
  const access = accessOf(source, options)
  let guard = createGuard({ ...options, ...access })
  const gate = gateOf(source)
  const admit = admission((request, level) => guard(request, level), access.accessLog)
  const recorded: Admit = async (request, route, params) => {
    const { guard: level = 'management' } = route
    const ask = async (): Promise<void> => await admit(request, route, params)
    await (level === 'management' ? gate(ask) : ask())
  }
  // The console shows the outage: its files need nothing that may be away.
  const isGated = (route: Route): boolean => !answersWithout.has(route.path) && !pages.includes(route)
  // The use of an app that records it is recorded in the database first.
  mount(router, all, { admit: access.accessLog === undefined ? admit : recorded, gate, isGated })
  return {
    fetch: async (request) => router.fetch(request),
    asksForToken: options.token !== undefined || (access.tokenHolders?.length ?? 0) > 0,
    allowHosts: (hosts) => {
      guard = createGuard({ ...options, ...access, hosts: [...(options.hosts ?? []), ...hosts] })
    },
    [Symbol.dispose]: () => streams[Symbol.dispose](),
  }
}
