import type { Environment } from '@millrace/app'

import { openOrders } from './open-orders.ts'
import { Outside } from './outside/outside.ts'
import { tellStory } from './story/tell.ts'

/** What the app runs in. */
export interface OrdersSurroundings {
  readonly env: Environment
  readonly stdout: { write(text: string): unknown }
  /** Ends the story after its chapter, or the app in order. */
  readonly signal: AbortSignal
}

const named = ['ORDERS_WEBHOOK_URL', 'ORDERS_SLACK_URL', 'ORDERS_SMTP_URL']

/**
 * Tells the story, on the stores the environment names. What it sends goes to this machine, whatever the environment says of
 * destinations.
 *
 * @throws a `MillraceError` that names what is wrong: a setting, a data folder in use, a server that is away
 */
export async function runStory({ env, stdout, signal }: OrdersSurroundings): Promise<void> {
  await using outside = await Outside.open()
  const write = (text: string): unknown => stdout.write(text)
  await tellStory({ env: { ...env, ...outside.env }, outside, write, signal })
}

/**
 * Runs the app until the signal, and writes `ready <url>`. Where the environment names no destination, all are on this machine.
 *
 * @throws as {@link runStory}
 */
export async function serveOrders({ env, stdout, signal }: OrdersSurroundings): Promise<void> {
  const hasOwn = named.every((name) => (env[name] ?? '') === '')
  await using outside = hasOwn ? await Outside.open() : undefined
  const orders = { env: { ...env, ...outside?.env }, ...(outside === undefined ? {} : { outside }) }
  await using running = await openOrders(orders)
  stdout.write(`ready ${running.url}\n`)
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}
