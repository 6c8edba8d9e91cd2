import { eventStoreContract } from '@millrace/conformance'

import { openMemoryStore } from './open-memory-store.ts'

eventStoreContract({
  name: 'the memory store',
  open: async () => await openMemoryStore(),
  durability: { kind: 'gone-when-closed', why: 'it lives in this process only' },
  lanes: { kind: 'in-process', why: 'it lives in this process only' },
  capabilities: { multiStreamCommits: true },
})
