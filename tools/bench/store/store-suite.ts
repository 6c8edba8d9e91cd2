import type { Suite } from '../harness/suite.ts'
import { appendContests } from './append-contests.ts'
import { codecContests } from './codec-contests.ts'
import { DurablePostgres } from './durable-postgres.ts'
import { importContest } from './import-contest.ts'
import { indexContests } from './index-contests.ts'
import { ledgerContest } from './ledger-contest.ts'
import { memoryContests } from './memory-contests.ts'
import { Embedded, pgliteContests } from './pglite-contests.ts'
import { readContests } from './read-contests.ts'
import { securedContests } from './secured-contests.ts'

/** Event stores and ledger: the figures that we promise, and what explains them. */
export const storeSuite: Suite = {
  name: 'store',
  about: 'append, read and ledger on Postgres, PGlite and in memory',
  open: (options) => {
    const [server, embedded] = [new DurablePostgres(options), new Embedded()]
    return {
      contests: [
        ...appendContests(server),
        ...indexContests(server),
        ...readContests(server, options),
        ledgerContest(server),
        ...securedContests(server),
        ...pgliteContests(embedded),
        ...memoryContests(options),
        ...codecContests,
        importContest,
      ],
      async [Symbol.asyncDispose]() {
        await Promise.all([server[Symbol.asyncDispose](), embedded[Symbol.asyncDispose]()])
      },
    }
  },
}
