import type { Suite } from '../harness/suite.ts'
import { BenchServers } from '../jetstream/bench-servers.ts'
import { DurablePostgres } from '../store/durable-postgres.ts'
import { checkpointContests } from './checkpoint-contests.ts'
import { projectionContests } from './projection-contests.ts'
import { snapshotContests } from './snapshot-contests.ts'

/** Read models, and what they rest on. */
export const projectionsSuite: Suite = {
  name: 'projections',
  about: 'projections from JetStream into memory and Postgres, and checkpoints',
  open: (options) => {
    const [servers, server] = [new BenchServers(options), new DurablePostgres(options)]
    return {
      contests: [
        ...projectionContests(servers, server, options),
        ...checkpointContests(server, options),
        ...snapshotContests(server, options),
      ],
      async [Symbol.asyncDispose]() {
        await Promise.all([servers[Symbol.asyncDispose](), server[Symbol.asyncDispose]()])
      },
    }
  },
}
