import { snapshotStoreContract } from '@millrace/conformance'

import { openMemorySnapshots } from './memory-snapshots.ts'

snapshotStoreContract({
  name: 'the snapshot store in memory',
  open: async () => ({ store: openMemorySnapshots(), [Symbol.asyncDispose]: async () => undefined }),
})
