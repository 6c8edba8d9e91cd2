import { once } from 'node:events'
import { appendFileSync } from 'node:fs'

import { openDedup } from './open-dedup.ts'
import type { DedupPlace } from './open-dedup.ts'

/** What one of several processes that are sent the same ids is told. */
export interface IntakeOrder {
  readonly place: DedupPlace
  readonly owner: string
  /** Ids `0` to `count - 1`, each once, in an order of this process's own. */
  readonly count: number
  readonly leaseMs: number
  /** Gets a line `id commitId owner` for each id that is processed. */
  readonly file: string
}

const batch = 100

async function take({ place, owner, count, leaseMs, file }: IntakeOrder): Promise<void> {
  await using opened = await openDedup(place)
  // All begin at once, when the last one is ready.
  console.log('ready')
  await once(process.stdin, 'data')
  let open = Array.from({ length: count }, (_, n) => String((n * 7_919 + process.pid) % count))
  while (open.length > 0) {
    const ids = open.slice(0, batch)
    const claims = await opened.dedup.claim('shop', ids, { owner, leaseMs })
    const mine = claims.filter((claim) => claim.kind === 'new' || claim.kind === 'retry')
    appendFileSync(file, mine.map(({ id, commitId }) => `${id} ${commitId} ${owner}\n`).join(''))
    console.log('processed')
    if (mine.length > 0) await opened.dedup.done('shop', mine)
    const busy = claims.filter(({ kind }) => kind === 'processing').map(({ id }) => id)
    open = [...open.slice(batch), ...busy]
  }
}

await take(JSON.parse(process.argv[2] ?? '') as IntakeOrder)
