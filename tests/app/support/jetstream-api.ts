import { connect } from '@nats-io/transport-node'
import { inject } from 'vitest'

/** What the shared NATS server says of itself and of streams, asked past every store. */
export interface JetStreamApi extends AsyncDisposable {
  /** The answer as it came, refusals too. */
  ask<Answer extends object>(verb: string, body?: object): Promise<Answer>
}

/** Connects to the shared server. */
export async function openJetStreamApi(): Promise<JetStreamApi> {
  const connection = await connect({ servers: inject('servers').nats })
  return {
    ask: async <Answer extends object>(verb: string, body: object = {}) => {
      const reply = await connection.request(`$JS.API.${verb}`, JSON.stringify(body), { timeout: 5_000 })
      return reply.json<Answer>()
    },
    [Symbol.asyncDispose]: async () => await connection.close(),
  }
}
