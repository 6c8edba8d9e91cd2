import { effectFreeStoreContract } from '@millrace/conformance'
import { inject } from 'vitest'

import { freshName } from '../../fixtures/names.ts'
import { openJetStreamProcessorStore } from './open-jetstream-processor-store.ts'

effectFreeStoreContract({
  name: 'the JetStream processor store on one server',
  open: async () => {
    const store = await openJetStreamProcessorStore({
      servers: inject('servers').nats,
      name: freshName('processors'),
    })
    return { store, [Symbol.asyncDispose]: async () => await store[Symbol.asyncDispose]() }
  },
})
