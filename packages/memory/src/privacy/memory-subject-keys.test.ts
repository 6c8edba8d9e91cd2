import { subjectKeyStoreContract } from '@millrace/conformance'

import { openMemorySubjectKeys } from './memory-subject-keys.ts'

subjectKeyStoreContract({
  name: 'memory',
  open: async () => {
    const keys = openMemorySubjectKeys()
    return { keys, [Symbol.asyncDispose]: async () => await keys[Symbol.asyncDispose]() }
  },
})
