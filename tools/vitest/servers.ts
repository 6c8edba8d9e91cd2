import { type TestProject } from 'vitest/node'

import { startServices } from '../services/all.ts'
import { givenServers } from './given-servers.ts'
import type { Servers } from './given-servers.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** URLs of the real servers of this run, shared by all of its tests. */
    servers: Servers
  }
}

/** Starts the servers once for a run, before its first test; a run that was given servers starts none. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = givenServers(process.env)
  if (given !== undefined) {
    project.provide('servers', given)
    return async () => undefined
  }
  const services = await startServices()
  project.provide('servers', { postgres: services.postgres.url, nats: services.nats.url })
  return async () => {
    await services[Symbol.asyncDispose]()
  }
}
