import { flushCompileCache } from 'node:module'
import { Socket } from 'node:net'

import { openQueue } from './open-queue.ts'
import type { QueuePlace } from './open-queue.ts'

/** How far a process may get that enqueues a job and works on it. */
export interface CountedOrder {
  readonly place: Extract<QueuePlace, { readonly kind: 'redis' }>
  /** Killed when this answer of Redis comes in: the call is done, the next one never made. 0: never, it says how many came. */
  readonly killAt: number
}

const { place, killAt } = JSON.parse(process.argv[2] ?? '') as CountedOrder
// Written when a process ends, and most of these are not let end.
flushCompileCache()
const port = Number(new URL(place.url).port)
await using opened = await openQueue(place)
const { queue } = opened
let answers = 0
const emit = Reflect.get(Socket.prototype, 'emit') as (this: Socket, ...event: unknown[]) => boolean
Socket.prototype.emit = function counted(this: Socket, ...event: [string, ...unknown[]]): boolean {
  if (event[0] === 'data' && this.remotePort === port && ++answers === killAt)
    process.kill(process.pid, 'SIGKILL')
  return emit.apply(this, event)
}

await queue.enqueue('job', 1, { idempotencyKey: 'the one' })
const begun = Promise.withResolvers<void>()
{
  await using workers = new AsyncDisposableStack()
  workers.use(
    queue.work(async ({ attempt }) => {
      if (attempt === 1) throw new Error('the first time it fails')
      begun.resolve()
    }),
  )
  // Closing a worker waits for the end of what it does.
  await begun.promise
}
console.log(answers)
