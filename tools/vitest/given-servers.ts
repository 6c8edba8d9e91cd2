/** URLs of the servers of a test run. */
export interface Servers {
  readonly postgres: string
  readonly nats: string
}

const variables = { postgres: 'MILLRACE_TEST_POSTGRES', nats: 'MILLRACE_TEST_NATS' } as const

/** The servers a run was given, so that it need not start its own; undefined where it was given none. */
export function givenServers(env: NodeJS.ProcessEnv): Servers | undefined {
  const [postgres, nats] = [env[variables.postgres], env[variables.nats]]
  if (postgres === undefined && nats === undefined) return undefined
  if (postgres !== undefined && nats !== undefined) return { postgres, nats }
  throw new Error(`${variables.postgres} and ${variables.nats} are given together or not at all`)
}

/** What gives a run its servers. */
export function givenServersEnv({ postgres, nats }: Servers): NodeJS.ProcessEnv {
  return { [variables.postgres]: postgres, [variables.nats]: nats }
}
