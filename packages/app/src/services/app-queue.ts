import { InvalidValueError } from '@millrace/contracts'
import type {
  EnqueueOptions,
  JobHandler,
  JobQueue,
  JobView,
  JobWorker,
  JsonValue,
  QueueDepth,
  WorkOptions,
} from '@millrace/contracts'
import type { SqlTransaction } from '@millrace/postgres'

import type { WhenAsked } from '../open/when-asked.ts'
import { PatientWorker } from './patient-worker.ts'

/** Holds the jobs of the names that the definition has no handler for. */
export const otherJobs = 'default'

/** The jobs of an app: a queue for each name that its definition has a handler for, and one for all others. */
export interface AppQueue extends JobQueue<SqlTransaction> {
  /** How many jobs there are, by name; those of all other names together as `default`. */
  depths(): Promise<ReadonlyMap<string, QueueDepth>>
  /** Begins to take the jobs of one name that the definition has; `work` takes those of all names that it has not. */
  workOn(name: string, handle: JobHandler, options?: WorkOptions): JobWorker
}

/** Opens the queue of a name when somebody asks for it. */
export type QueuesByName = ReadonlyMap<string, WhenAsked<JobQueue<SqlTransaction>>>

const separator = '/'
const nothing: QueueDepth = { waiting: 0, delayed: 0, active: 0, dead: 0 }

function together(a: QueueDepth, b: QueueDepth): QueueDepth {
  return {
    waiting: a.waiting + b.waiting,
    delayed: a.delayed + b.delayed,
    active: a.active + b.active,
    dead: a.dead + b.dead,
  }
}

/** Sends each job to the queue of its name. Ids tell the queue: `<queue>/<id>`. */
export class NamedQueues implements AppQueue {
  readonly #queues: QueuesByName

  constructor(queues: QueuesByName) {
    this.#queues = queues
  }

  async enqueue(
    name: string,
    data: JsonValue,
    options?: EnqueueOptions<SqlTransaction>,
  ): Promise<{ readonly id: string }> {
    const of = this.#queues.has(name) ? name : otherJobs
    const { id } = await (await this.#queue(of)).enqueue(name, data, options)
    return { id: `${of}${separator}${id}` }
  }

  work(handle: JobHandler, options?: WorkOptions): JobWorker {
    return this.workOn(otherJobs, handle, options)
  }

  workOn(name: string, handle: JobHandler, options: WorkOptions = {}): JobWorker {
    const known = async (job: Parameters<JobHandler>[0]): Promise<void> => {
      const { id, data, attempt, maxAttempts, signal } = job
      const progress = job.progress.bind(job)
      await handle({
        id: `${name}${separator}${id}`,
        name: job.name,
        data,
        attempt,
        maxAttempts,
        signal,
        progress,
      })
    }
    return new PatientWorker(async () => (await this.#queue(name)).work(known, options), options.onProblem)
  }

  async depth(): Promise<QueueDepth> {
    return [...(await this.depths()).values()].reduce(together, nothing)
  }

  async depths(): Promise<ReadonlyMap<string, QueueDepth>> {
    const names = [...this.#queues.keys()]
    const depths = await Promise.all(names.map(async (name) => await (await this.#queue(name)).depth()))
    return new Map(names.map((name, n) => [name, depths[n] ?? nothing]))
  }

  async find(id: string): Promise<JobView | undefined> {
    return await this.#withQueueOf(id, undefined, async (queue, [name, own]) => {
      const found = await queue.find(own)
      return found === undefined ? undefined : withName(found, name)
    })
  }

  async listDead(limit: number = 100): Promise<readonly JobView[]> {
    const lists = await Promise.all(
      [...this.#queues.keys()].map(async (name) => {
        const dead = await (await this.#queue(name)).listDead(limit)
        return dead.map((job) => withName(job, name))
      }),
    )
    return lists.flat().slice(0, limit)
  }

  async retryDead(id: string): Promise<boolean> {
    return await this.#withQueueOf(id, false, async (queue, [, own]) => await queue.retryDead(own))
  }

  async removeDead(id: string): Promise<boolean> {
    return await this.#withQueueOf(id, false, async (queue, [, own]) => await queue.removeDead(own))
  }

  async eraseSubject(subject: string): Promise<number> {
    let erased = 0
    for (const name of this.#queues.keys()) erased += await (await this.#queue(name)).eraseSubject(subject)
    return erased
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const queue of this.#queues.values()) await queue[Symbol.asyncDispose]()
  }

  async #queue(name: string): Promise<JobQueue<SqlTransaction>> {
    const queue = this.#queues.get(name)
    if (queue === undefined)
      throw new InvalidValueError('name', 'a name that the definition has a handler for')
    return await queue.get()
  }

  async #withQueueOf<T>(
    id: string,
    otherwise: T,
    use: (queue: JobQueue<SqlTransaction>, parts: readonly [name: string, id: string]) => Promise<T>,
  ): Promise<T> {
    const at = id.indexOf(separator)
    const name = id.slice(0, Math.max(0, at))
    if (!this.#queues.has(name)) return otherwise
    return await use(await this.#queue(name), [name, id.slice(at + 1)])
  }
}

function withName(job: JobView, name: string): JobView {
  return { ...job, id: `${name}${separator}${job.id}` }
}
