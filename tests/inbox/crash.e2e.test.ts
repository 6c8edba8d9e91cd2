import { chooseSeed, createRandom } from '@millrace/testing'
import { beforeAll, describe, expect, test, vi } from 'vitest'

import { crashAtFailpoint, crashDuringStart, measureFirstStart, passesBeforeReady } from './support/crash.ts'
import { hitOf, inboxFailpoints } from './support/failpoint-hits.ts'
import type { InboxFailpoint } from './support/failpoint-hits.ts'

// After a kill most of the time is waiting for the dead owner's leases to end, which several can do side by side.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000, maxConcurrency: 4 })

const seed = chooseSeed()
const random = createRandom(seed)
const passes = Array.from({ length: 14 }, () => 1 + Math.floor(random() * passesBeforeReady))
const moments = Array.from({ length: 6 }, random)
let firstStartMs = 0

beforeAll(async () => {
  firstStartMs = await measureFirstStart()
  console.log(
    `MILLRACE_SEED=${seed} repeats the random kills; a first start takes ${Math.round(firstStartMs)} ms`,
  )
})

describe('a start that is killed is made good by the next one', () => {
  test.concurrent.for([...inboxFailpoints])('killed at %s', async (name: InboxFailpoint) => {
    expect(await crashAtFailpoint(name, hitOf(name))).toMatchObject({ hit: true, problems: [] })
  })

  test.concurrent.for(passes)('killed after %i passes of any failpoint', async (pass: number) => {
    expect(await crashAtFailpoint('any', pass)).toMatchObject({ hit: true, problems: [] })
  })

  // By the clock, so that one may come too late; what follows must hold all the same.
  test.concurrent.for(moments)('killed at the fraction %d of a very first start', async (moment: number) => {
    expect((await crashDuringStart(moment * firstStartMs)).problems).toEqual([])
  })
})
