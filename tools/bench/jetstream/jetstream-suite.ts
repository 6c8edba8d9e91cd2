import type { Suite } from '../harness/suite.ts'
import { appendContests } from './append-contests.ts'
import { BenchServers, topologies } from './bench-servers.ts'
import { costContests } from './cost-contests.ts'
import { inFlightContests } from './in-flight-contests.ts'
import { readContests } from './read-contests.ts'
import { seedContests } from './seed-contests.ts'

/** The event store on NATS JetStream, on one server and on a cluster of three. */
export const jetstreamSuite: Suite = {
  name: 'jetstream',
  about: 'append and read on NATS JetStream, one server (R1) and three (R3)',
  open: (options) => {
    const servers = new BenchServers(options)
    return {
      contests: topologies.flatMap((topology) => [
        ...appendContests(servers, topology),
        ...inFlightContests(servers, topology),
        ...readContests(servers, topology, options),
        ...costContests(servers, topology),
        ...seedContests(servers, topology),
      ]),
      [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
    }
  },
}
