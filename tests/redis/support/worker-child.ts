import { openQueue } from './open-queue.ts'
import type { QueuePlace } from './open-queue.ts'

/** What a worker that will be killed is told. */
export interface WorkerOrder {
  readonly place: QueuePlace
  readonly concurrency: number
}

const { place, concurrency } = JSON.parse(process.argv[2] ?? '') as WorkerOrder
const opened = await openQueue(place)
opened.queue.work(
  async ({ data, attempt }) => {
    console.log(`${String(data)} ${attempt}`)
    await new Promise(() => undefined)
  },
  { concurrency },
)
