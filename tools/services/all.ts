import { type NatsServer, startNats } from './nats.ts'
import { type PostgresServer, startPostgres } from './postgres.ts'

export interface Services extends AsyncDisposable {
  readonly postgres: PostgresServer
  readonly nats: NatsServer
}

/** Every server or none. */
export async function startServices(): Promise<Services> {
  // Settled, all of them: one still starting while another has failed would be left behind.
  const [postgres, nats] = await Promise.allSettled([startPostgres(), startNats()])
  if (postgres.status === 'fulfilled' && nats.status === 'fulfilled') {
    return together(postgres.value, nats.value)
  }
  const reasons: unknown[] = []
  for (const outcome of [postgres, nats]) {
    if (outcome.status === 'rejected') reasons.push(outcome.reason)
    else await outcome.value[Symbol.asyncDispose]()
  }
  throw new AggregateError(reasons, `servers are missing:\n${reasons.map(String).join('\n')}`)
}

function together(postgres: PostgresServer, nats: NatsServer): Services {
  return {
    postgres,
    nats,
    async [Symbol.asyncDispose]() {
      await Promise.all([postgres[Symbol.asyncDispose](), nats[Symbol.asyncDispose]()])
    },
  }
}
