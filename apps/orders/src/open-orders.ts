import { openApp } from '@millrace/app'
import type { Environment } from '@millrace/app'
import { createServer, serve } from '@millrace/server'

import { defineOrders } from './orders-app.ts'
import { ordersOf } from './orders.ts'
import type { Orders } from './orders.ts'
import type { Outside } from './outside/outside.ts'
import { ordersRoutes } from './routes.ts'

/** The app at work, with its page and its API. */
export interface RunningOrders extends Orders, AsyncDisposable {
  readonly url: string
}

/** Settings of {@link openOrders}. */
export interface OpenOrdersOptions {
  readonly env: Environment
  /** 0 for any that is free. @defaultValue the setting `port` */
  readonly port?: number
  /** Shown by the API where it is this app's own. @defaultValue none */
  readonly outside?: Outside
}

/**
 * Opens the app on the stores its environment names, and serves it.
 * @throws a `MillraceError` that names what is wrong: a setting, a rule, a data folder in use, a server that is away
 */
export async function openOrders({ env, port, outside }: OpenOrdersOptions): Promise<RunningOrders> {
  await using resources = new AsyncDisposableStack()
  const app = resources.use(await openApp(defineOrders(env), { env }))
  const { settings, token } = app
  const orders = await ordersOf(app)
  const server = createServer(app, {
    routes: ordersRoutes(orders, outside),
    hosts: settings.hosts.value,
    ...(token === undefined ? {} : { token }),
  })
  const { url } = resources.use(
    await serve(server, { host: settings.host.value, port: port ?? settings.port.value }),
  )
  app.announce(url)
  const open = resources.move()
  return { ...orders, url, [Symbol.asyncDispose]: async () => await open.disposeAsync() }
}
