import { defineSnapshots } from '@millrace/snapshots'

import { stockDecider } from './stock-decider.ts'
import { stockCategory } from './stock-events.ts'

/** States of items, saved every hundred events and at the start of each hour. */
export const stockSnapshots = defineSnapshots({
  category: stockCategory,
  decider: stockDecider,
  schemaVersion: 1,
  threshold: 100,
  schedule: 'hourly',
})
