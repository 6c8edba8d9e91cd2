import { defineSnapshots } from '@millrace/snapshots'

import { bookDecider } from './book-decider.ts'
import { bookCategory } from './book-events.ts'

/** States of books, saved every hundred events and at the start of each day. */
export const bookSnapshots = defineSnapshots({
  category: bookCategory,
  decider: bookDecider,
  schemaVersion: 1,
  threshold: 100,
  schedule: 'daily',
})
