import { processorStoreContract } from '@millrace/conformance'

import { underTest } from '../../fixtures/processor-store.ts'
import { openPglite } from '../sql/open-pglite.ts'

processorStoreContract({
  name: 'the processor store on PGlite',
  open: async () => await underTest(await openPglite('memory'), 'millrace'),
})
