import { processorStoreContract } from '@millrace/conformance'
import { inject } from 'vitest'

import { serverUnderTest } from '../../fixtures/processor-store.ts'
import { freshSchema } from '../../fixtures/schemas.ts'

processorStoreContract({
  name: 'the processor store on a server',
  open: async () => await serverUnderTest(inject('servers').postgres, freshSchema('processors')),
})
