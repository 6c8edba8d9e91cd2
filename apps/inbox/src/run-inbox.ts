import { openApp, readToken, resolveSettings } from '@millrace/app'
import type { App, AppDefinition } from '@millrace/app'
import { assertBindAllowed, createServer, serve } from '@millrace/server'
import type { RunningServer } from '@millrace/server'

import { defineInbox } from './inbox-app.ts'
import type { inboxSecrets } from './inbox-app.ts'
import { inboxRoutes, intakePath, receiverPath } from './routes.ts'
import { completedDeliveries, markCompleted } from './samples/completed.ts'
import { showProgress } from './samples/progress.ts'
import type { ProgressOutput } from './samples/progress.ts'
import { replaySamples } from './samples/replay.ts'
import { sampleSet } from './samples/sample.ts'
import type { SampleSet } from './samples/sample.ts'
import { inboxSettings } from './settings.ts'
import type { Environment } from './settings.ts'

type InboxApp = App<typeof inboxSecrets>

/** What the inbox runs in. */
export interface InboxRun {
  readonly env: Environment
  /** Gets `ready <url>` and nothing else. */
  readonly stdout: { write(text: string): unknown }
  /** Gets the progress. */
  readonly stderr: ProgressOutput
  /** Ends the inbox in order. */
  readonly signal: AbortSignal
}

/** Sends the samples through the app's own front door, once in the life of a data folder. */
async function sendSamples(app: InboxApp, set: SampleSet, url: string, run: InboxRun): Promise<void> {
  if ((await completedDeliveries(app.database, set.name)) !== undefined) return
  const samples = set.load()
  const progress = showProgress('samples', samples.length, run.stderr)
  try {
    await replaySamples(samples, {
      url: `${url}${intakePath}`,
      secret: app.secret('webhookSecret'),
      onProgress: progress.update,
      signal: run.signal,
    })
  } finally {
    progress.stop()
  }
  await markCompleted(app.database, set.name, samples.length)
}

function listen(app: InboxApp, maxBodyBytes: number): Promise<RunningServer> {
  const { host, port, hosts } = app.settings
  const { token } = app
  const routes = inboxRoutes(app, maxBodyBytes)
  const server = createServer(app, { routes, hosts: hosts.value, ...(token === undefined ? {} : { token }) })
  return serve(server, { host: host.value, port: port.value })
}

interface CheckedSettings {
  readonly samples: SampleSet | undefined
  readonly maxBodyBytes: number
}

/** What can be refused is refused here, before anything is created. */
function checkSettings(definition: AppDefinition<typeof inboxSecrets>, env: Environment): CheckedSettings {
  const { host, dataDir, maxEventBytes } = resolveSettings(definition.settings, env)
  assertBindAllowed(host.value, readToken(dataDir.value, env) !== undefined)
  const { samples, maxBodyBytes } = inboxSettings(env, maxEventBytes.value)
  return { samples: sampleSet(samples), maxBodyBytes }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/**
 * Runs the inbox until the signal: opens the app, serves it, sends the samples where they were not sent before, and
 * writes `ready <url>`. Resolves when everything is closed again.
 *
 * @throws a `MillraceError` that names what is wrong: a setting, a taken port, a data folder in use or damaged
 */
export async function runInbox(run: InboxRun): Promise<void> {
  const receiver: { url?: string } = {}
  const definition = defineInbox({ env: run.env, receiver: () => receiver.url })
  const { samples, maxBodyBytes } = checkSettings(definition, run.env)
  await using app = await openApp(definition, { env: run.env })
  await using server = await listen(app, maxBodyBytes)
  receiver.url = `${server.url}${receiverPath}`
  app.announce(server.url)
  try {
    if (samples !== undefined) await sendSamples(app, samples, server.url, run)
  } catch (error) {
    // Asked to end while samples were sent: the next start sends them again, and those stored are recognised.
    if (run.signal.aborted) return
    throw error
  }
  run.stdout.write(`ready ${server.url}\n`)
  await aborted(run.signal)
}
