import { InvalidValueError } from '@millrace/contracts'
import type { JobHandler, JobQueue, JsonValue, RunningJob, WorkOptions } from '@millrace/contracts'

import { holds, refused, same } from '../suite/assertions.ts'
import type { ContractCase } from '../suite/contract-case.ts'
import { waitUntil, within } from '../suite/wait-until.ts'
import type { JobQueueDeclaration } from './declaration.ts'

/** One promise of {@link JobQueue}. */
export type JobQueueCase = ContractCase<JobQueueDeclaration>

const idle = { waiting: 0, delayed: 0, active: 0, dead: 0 } as const

/** Begins to work, until the case ends. */
type Work = (handle: JobHandler, options?: WorkOptions) => void

async function empty(queue: JobQueue): Promise<void> {
  await waitUntil(
    async () => {
      const { waiting, delayed, active } = await queue.depth()
      return waiting + delayed + active === 0
    },
    { what: 'the queue to be empty' },
  )
}

const onQueue =
  (run: (queue: JobQueue, work: Work) => Promise<void>): JobQueueCase['run'] =>
  async ({ open }) => {
    await using opened = await open()
    await using workers = new AsyncDisposableStack()
    await run(opened.queue, (handle, options) => void workers.use(opened.queue.work(handle, options)))
  }

const doneCases: readonly JobQueueCase[] = [
  {
    name: 'a job is done once, with its name and data',
    run: onQueue(async (queue, work) => {
      const seen: unknown[] = []
      work(async ({ name, data, attempt, maxAttempts }) => {
        seen.push([name, data, attempt, maxAttempts])
      })
      const values: readonly JsonValue[] = [{ to: 'ada', n: [1, null] }, 'text', 0, null, { 'ä🦀': '' }]
      for (const value of values) await queue.enqueue('greet', value)
      await empty(queue)
      same(
        seen,
        values.map((value) => ['greet', value, 1, 3]),
      )
      same(await queue.depth(), idle)
    }),
  },
  {
    name: 'many jobs are done by two workers, each once, and no more at once than asked for',
    timeoutMs: 60_000,
    run: onQueue(async (queue, work) => {
      const [done, at] = [new Map<string, number>(), { now: 0, most: 0 }]
      const handle = async ({ id }: RunningJob): Promise<void> => {
        at.now += 1
        at.most = Math.max(at.most, at.now)
        await new Promise((resolve) => setTimeout(resolve, 2))
        at.now -= 1
        done.set(id, (done.get(id) ?? 0) + 1)
      }
      const ids: string[] = []
      for (let n = 0; n < 200; n++) ids.push((await queue.enqueue('count', n)).id)
      work(handle, { concurrency: 5 })
      work(handle, { concurrency: 5 })
      await empty(queue)
      same([done.size, new Set(done.values()), new Set(ids).size], [200, new Set([1]), 200])
      same(at.most > 5 && at.most <= 10, true, `${at.most} at once`)
    }),
  },
  {
    name: 'a job of a known idempotency key is the first one, also once that is done',
    run: onQueue(async (queue, work) => {
      const seen: unknown[] = []
      const options = { idempotencyKey: 'order:17/ää' }
      const first = await queue.enqueue('charge', 1, options)
      same(await queue.enqueue('charge', 2, options), first)
      work(async ({ data }) => void seen.push(data))
      await empty(queue)
      same(await queue.enqueue('charge', 3, options), first)
      await queue.enqueue('charge', 4, { idempotencyKey: 'order:18' })
      await waitUntil(() => seen.includes(4), { what: 'the last job' })
      await empty(queue)
      same(seen, [1, 4])
      holds((await queue.find(first.id)) ?? {}, { state: 'done', data: 1, attempts: 1 })
    }),
  },
  {
    name: 'a delayed job waits for its time',
    run: onQueue(async (queue, work) => {
      const { promise: ran, resolve } = Promise.withResolvers<number>()
      work(async () => resolve(performance.now()))
      const begin = performance.now()
      const { id } = await queue.enqueue('later', null, { delayMs: 300 })
      holds((await queue.find(id)) ?? {}, { state: 'delayed' })
      same(await queue.depth(), { ...idle, delayed: 1 })
      same((await within(ran, { what: 'the job' })) - begin >= 290, true)
    }),
  },
  {
    name: 'progress is there for whoever looks',
    run: onQueue(async (queue, work) => {
      const [goes, told] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      work(async (job) => {
        await job.progress({ done: 1, of: 2 })
        told.resolve()
        await goes.promise
      })
      const { id } = await queue.enqueue('long', null)
      await within(told.promise, { what: 'progress' })
      holds((await queue.find(id)) ?? {}, { state: 'active', progress: { done: 1, of: 2 }, attempts: 1 })
      same(await queue.depth(), { ...idle, active: 1 })
      goes.resolve()
      await empty(queue)
    }),
  },
  {
    name: 'who ends a worker waits for what is in hand, and nothing more is begun',
    run: onQueue(async (queue) => {
      const begun = Promise.withResolvers<void>()
      const events: string[] = []
      const worker = queue.work(async ({ data }) => {
        begun.resolve()
        await new Promise((resolve) => setTimeout(resolve, 100))
        events.push(`done ${String(data)}`)
      })
      for (const n of [1, 2]) await queue.enqueue('slow', n)
      await within(begun.promise, { what: 'the first job' })
      await worker[Symbol.asyncDispose]()
      events.push('ended')
      same(events, ['done 1', 'ended'])
      same(await queue.depth(), { ...idle, waiting: 1 })
    }),
  },
]

const failureCases: readonly JobQueueCase[] = [
  {
    name: 'a job that fails is tried again, and then done',
    run: onQueue(async (queue, work) => {
      const attempts: number[] = []
      work(async ({ attempt }) => {
        attempts.push(attempt)
        if (attempt < 3) throw new Error('not yet')
      })
      const { id } = await queue.enqueue('flaky', null)
      await empty(queue)
      same([attempts, (await queue.find(id))?.state], [[1, 2, 3], 'done'])
    }),
  },
  {
    name: 'what fails for the last time is a dead letter, which can begin anew or be removed',
    run: onQueue(async (queue, work) => {
      let [broken, runs] = [true, 0]
      work(async () => {
        runs += 1
        if (broken) throw new Error('the receiver is away')
      })
      const one = await queue.enqueue('send', { n: 1 })
      const two = await queue.enqueue('send', { n: 2 })
      await waitUntil(async () => (await queue.depth()).dead === 2, { what: 'two dead letters' })
      same(runs, 6)
      const dead = await queue.listDead()
      same(new Set(dead.map(({ id }) => id)), new Set([one.id, two.id]))
      for (const job of dead) {
        holds(job, { name: 'send', state: 'dead', attempts: 3 })
        same(job.error?.includes('the receiver is away'), true)
      }
      same((await queue.listDead(1)).length, 1)
      broken = false
      same([await queue.retryDead(one.id), await queue.retryDead(one.id)], [true, false])
      await waitUntil(async () => (await queue.find(one.id))?.state === 'done', { what: 'the retry' })
      same([await queue.removeDead(two.id), await queue.removeDead(two.id)], [true, false])
      same([await queue.find(two.id), await queue.depth()], [undefined, idle])
    }),
  },
  {
    name: 'an error that says that no retry helps is the last one',
    run: onQueue(async (queue, work) => {
      let runs = 0
      work(async () => {
        runs += 1
        throw new InvalidValueError('to', 'an address')
      })
      const { id } = await queue.enqueue('mail', null)
      await waitUntil(async () => (await queue.depth()).dead === 1, { what: 'the dead letter' })
      holds((await queue.find(id)) ?? {}, { state: 'dead', attempts: 1 })
      same(runs, 1)
    }),
  },
  {
    name: 'an attempt that takes too long is told so, and failed',
    run: onQueue(async (queue, work) => {
      const reasons: unknown[] = []
      work(
        async ({ signal, attempt }) => {
          if (attempt > 1) return
          await new Promise<void>((resolve) => {
            signal.addEventListener('abort', () => {
              reasons.push((signal.reason as Error).name)
              resolve()
            })
          })
        },
        { timeoutMs: 50 },
      )
      const { id } = await queue.enqueue('hang', null)
      await waitUntil(async () => (await queue.find(id))?.state === 'done', { what: 'the second attempt' })
      same([reasons, (await queue.find(id))?.attempts], [['TimeoutError'], 2])
    }),
  },
  {
    name: 'a job that fails keeps no other from being done',
    run: onQueue(async (queue, work) => {
      const done: unknown[] = []
      work(async ({ data }) => {
        if (data === 'bad') throw new Error('no')
        done.push(data)
      })
      for (const data of ['bad', 'a', 'bad', 'b']) await queue.enqueue('mixed', data)
      await empty(queue)
      same([new Set(done), done.length, (await queue.depth()).dead], [new Set(['a', 'b']), 2, 2])
    }),
  },
  {
    name: 'bad input is refused by its field before anything is enqueued',
    run: onQueue(async (queue) => {
      const bad = [
        ['name', '', null, {}],
        ['name', 'x'.repeat(101), null, {}],
        ['data', 'job', undefined as unknown as JsonValue, {}],
        ['data', 'job', 'x'.repeat(1024 ** 2), {}],
        ['options.delayMs', 'job', null, { delayMs: -1 }],
        ['options.idempotencyKey', 'job', null, { idempotencyKey: '' }],
      ] as const
      for (const [field, name, data, options] of bad)
        await refused(queue.enqueue(name, data, options), { code: 'ERR_INVALID_VALUE', field })
      await refused(queue.listDead(0), { code: 'ERR_INVALID_VALUE', field: 'limit' })
      await refused(async () => void queue.work(async () => undefined, { concurrency: 0 }), {
        code: 'ERR_INVALID_VALUE',
        field: 'options.concurrency',
      })
      same(await queue.depth(), idle)
      same([await queue.find('nobody'), await queue.retryDead('nobody')], [undefined, false])
    }),
  },
]

const erasureCases: readonly JobQueueCase[] = [
  {
    name: 'every job about an erased subject is gone, whatever its state, and no other',
    run: onQueue(async (queue, work) => {
      const subject = 'customer-17'
      const begun = Promise.withResolvers<void>()
      const goes = Promise.withResolvers<void>()
      const seen: unknown[] = []
      work(
        async ({ data }) => {
          if (data === 'fails') throw new Error('no')
          if (data === 'takes long') {
            begun.resolve()
            await goes.promise
          }
          seen.push(data)
        },
        { concurrency: 2 },
      )
      const ids: string[] = []
      const enqueue = async (data: string, delayMs = 0): Promise<string> => {
        const { id } = await queue.enqueue('job', data, { subject, delayMs })
        ids.push(id)
        return id
      }
      const [done, dead] = [await enqueue('is done'), await enqueue('fails')]
      await waitUntil(
        async () => (await queue.find(done))?.state === 'done' && (await queue.find(dead))?.state === 'dead',
        { what: 'one that is done and one that is dead' },
      )
      await enqueue('is later', 3_600_000)
      await enqueue('takes long')
      await within(begun.promise, { what: 'the job in hand' })
      const other = await queue.enqueue('job', 'of another', { subject: 'customer-1', delayMs: 3_600_000 })
      same([await queue.eraseSubject(subject), await queue.eraseSubject(subject)], [4, 0])
      same(
        await Promise.all(ids.map(async (id) => await queue.find(id))),
        ids.map(() => undefined),
      )
      same((await queue.find(other.id))?.data, 'of another')
      goes.resolve()
      await waitUntil(() => seen.length === 2, { what: 'the end of the job in hand' })
      await queue.enqueue('job', 'afterwards')
      await waitUntil(() => seen.includes('afterwards'), { what: 'a job after it' })
      same(await queue.depth(), { ...idle, delayed: 1 })
    }),
  },
]

/** Every promise of a queue of jobs, for any test runner. */
export const jobQueueCases: readonly JobQueueCase[] = [...doneCases, ...failureCases, ...erasureCases]
