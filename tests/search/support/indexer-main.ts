import { once } from 'node:events'

import { openEngine } from './engine-place.ts'
import type { EnginePlace } from './engine-place.ts'
import { openOrderLog, orderIndexer, orders } from './orders.ts'

/** Where a process indexes until it is killed. */
export interface IndexerOrder {
  readonly log: { readonly url: string; readonly schema: string }
  readonly engine: EnginePlace
}

const order = JSON.parse(process.argv[2] ?? '') as IndexerOrder
await using engine = await openEngine(order.engine)
await using log = await openOrderLog(order.log.url, order.log.schema)
const index = await engine.store.open(orders)
await log.run([orderIndexer(index, { bulk: { maxDocuments: 50 } })])
console.log('indexing')
await once(process, 'SIGTERM')
