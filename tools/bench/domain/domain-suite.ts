import type { Suite } from '../harness/suite.ts'
import { codecContests } from '../store/codec-contests.ts'
import { aggregateContests } from './aggregate-contests.ts'
import { machineContests } from './machine-contests.ts'
import { upcastContests } from './upcast-contests.ts'

/** Domain code: what our side of it costs above functions that anybody would write. */
export const domainSuite: Suite = {
  name: 'domain',
  about: 'upcasting, machines, commands and envelopes, all in this process',
  open: (options) => ({
    contests: [...upcastContests, ...machineContests, ...aggregateContests(options), ...codecContests],
    async [Symbol.asyncDispose]() {},
  }),
}
