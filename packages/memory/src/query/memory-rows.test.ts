import { rowSourceContract } from '@millrace/conformance'

import { memoryRows } from './memory-rows.ts'

rowSourceContract({
  name: 'memory',
  open: async () => ({
    load: async (_fields, rows) => memoryRows(() => rows),
    [Symbol.asyncDispose]: async () => undefined,
  }),
})
