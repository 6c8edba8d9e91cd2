import { type TestProject } from 'vitest/node'

import { startServices } from '../services/all.ts'
import { startRedis } from '../services/redis.ts'
import { workspaces } from '../workspaces.ts'
import { givenServers } from './given-servers.ts'
import type { Servers } from './given-servers.ts'
import { neededServers } from './needed-servers.ts'
import { openOnDemand } from './on-demand.ts'
import { provideTemplate } from './pglite-template.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** URLs of the real servers of this run, shared by all of its tests. */
    servers: Servers
    /** URL of the Redis of this run, in projects that depend on `@millrace/redis`. */
    redis: string
    /** Where a test asks for a server that takes long to start; it is started for the first one that asks. */
    onDemand: string
  }
}

/** Starts the servers once for a run, before its first test; a run that was given servers starts none of those. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await using started = new AsyncDisposableStack()
  await provideTemplate()
  const given = givenServers(process.env)
  if (given === undefined) {
    const { postgres, nats } = started.use(await startServices())
    project.provide('servers', { postgres: postgres.url, nats: nats.url })
  } else project.provide('servers', given)
  const needed = neededServers(
    project.vitest.projects.map(({ name }) => name),
    workspaces(),
  )
  if (needed.has('redis')) project.provide('redis', started.use(await startRedis()).url)
  project.provide('onDemand', started.use(await openOnDemand()).url)
  const servers = started.move()
  return async () => {
    await servers.disposeAsync()
  }
}
