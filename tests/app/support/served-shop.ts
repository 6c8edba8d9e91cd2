import { createManagement, openApp } from '@millrace/app'
import type { App, Management } from '@millrace/app'
import { createServer, serve } from '@millrace/server'
import type { MillraceServer, RunningServer, ServerOptions } from '@millrace/server'

import { preparedPlace } from './places.ts'
import type { Place } from './places.ts'
import { createShop } from './shop.ts'
import type { Shop } from './shop.ts'

/** An app that is served on a free port. */
export interface ServedApp extends AsyncDisposable {
  readonly app: App
  readonly management: Management
  readonly server: MillraceServer
  readonly running: RunningServer
  /** What the server said of failures. */
  readonly failures: unknown[]
}

/** A shop that is served, with all it needs. */
export interface ServedShop extends ServedApp {
  readonly shop: Shop
  readonly place: Place
}

/** Serves an app that stays open. */
export async function serveApp(app: App, options: ServerOptions = {}): Promise<ServedApp> {
  const failures: unknown[] = []
  const server = createServer(app, { onError: (error) => failures.push(error), ...options })
  const running = await serve(server, { port: 0 })
  return {
    app,
    management: createManagement(app),
    server,
    running,
    failures,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  }
}

/** Opens an embedded shop, serves it and announces it. */
export async function serveShop(options: ServerOptions = {}): Promise<ServedShop> {
  const shop = createShop()
  await using stack = new AsyncDisposableStack()
  const place = stack.use(await preparedPlace())
  const app = stack.use(await openApp(shop.definition, { env: place.env }))
  const served = stack.use(await serveApp(app, options))
  app.announce(served.running.url)
  const owned = stack.move()
  return { ...served, shop, place, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
