import { effectFreeStoreContract } from '@millrace/conformance'

import { openMemoryProcessorStore } from './memory-processor-store.ts'

effectFreeStoreContract({
  name: 'leases and checkpoints in memory',
  open: async () => ({ store: openMemoryProcessorStore(), [Symbol.asyncDispose]: async () => undefined }),
})
