import { publisherContract } from '@millrace/conformance'

import { openMemoryPublisher } from './memory-publisher.ts'

publisherContract({
  name: 'the publisher in memory',
  open: async () => {
    const publisher = openMemoryPublisher()
    return {
      publisher,
      received: async () => publisher.published,
      [Symbol.asyncDispose]: async () => undefined,
    }
  },
})
