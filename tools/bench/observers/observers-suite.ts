import type { Suite } from '../harness/suite.ts'
import { DurablePostgres } from '../store/durable-postgres.ts'
import { BenchRedis } from './bench-redis.ts'
import { captureContests } from './capture-contests.ts'
import { flowContests } from './flow/flow-contests.ts'
import { redisContests } from './redis-contests.ts'
import { BenchElasticsearch, searchContests } from './search-contests.ts'

/** From a change to an action, and what observers rest on. */
export const observersSuite: Suite = {
  name: 'observers',
  about: 'from a commit to an action; capture, the search index, and dedup, cache and jobs on Redis',
  open: (options) => {
    const [redis, postgres] = [new BenchRedis(), new DurablePostgres(options)]
    const elasticsearch = new BenchElasticsearch(options)
    const flows = flowContests(postgres)
    const servers = [redis, postgres, elasticsearch]
    return {
      contests: [
        ...flows.contests,
        ...captureContests(postgres),
        ...redisContests(redis, postgres),
        ...searchContests(elasticsearch),
      ],
      async [Symbol.asyncDispose]() {
        await flows[Symbol.asyncDispose]()
        await Promise.all(servers.map(async (server) => await server[Symbol.asyncDispose]()))
      },
    }
  },
}
