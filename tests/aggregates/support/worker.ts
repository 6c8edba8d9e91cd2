import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { afterAll, beforeAll } from 'vitest'

import type { LockerCommand } from './locker.ts'
import { openTarget } from './store-target.ts'
import type { StoreTarget } from './store-target.ts'

/** One command to one locker. */
export interface Order {
  readonly id: string
  readonly command: LockerCommand
  readonly commandId?: string
}

/** What a process is started with. */
export interface WorkerSettings {
  readonly target: StoreTarget
  /** The failpoint it is killed at. */
  readonly killAt?: string
}

/** What became of an order. */
export type Outcome =
  | {
      readonly kind: 'result'
      readonly id: string
      readonly outcome: 'accepted' | 'rejected'
      readonly version: number
      readonly command: LockerCommand
    }
  | { readonly kind: 'failed'; readonly id: string; readonly code: string; readonly command: LockerCommand }

/** What a process says; it is ready when it has started, and again after each list of orders. */
export type Answer = { readonly kind: 'ready' } | Outcome

const main = fileURLToPath(new URL('worker-main.ts', import.meta.url))

/** A process that sends commands; killed when it is disposed of. */
export class Worker implements AsyncDisposable {
  /** How the process ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  readonly #child
  #outcomes: Outcome[] = []
  #ready = Promise.withResolvers<void>()

  private constructor(settings: WorkerSettings) {
    // What it writes to standard error comes through.
    const child = spawn(process.execPath, ['--conditions=@millrace/source', main, JSON.stringify(settings)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#child = child
    createInterface({ input: child.stdout }).on('line', (line) => this.#hear(JSON.parse(line) as Answer))
    this.ended = once(child, 'close').then(() => {
      this.#ready.reject(new Error('the process ended'))
      return { code: child.exitCode, signal: child.signalCode }
    })
    // Whoever waits hears of it; a process that ends while nobody does is no news.
    this.#ready.promise.catch(() => undefined)
  }

  static async start(settings: WorkerSettings): Promise<Worker> {
    const worker = new Worker(settings)
    await worker.#ready.promise
    return worker
  }

  /** Has all orders obeyed at once. @throws when the process ends before it has answered them */
  async obey(orders: readonly Order[]): Promise<readonly Outcome[]> {
    this.#ready = Promise.withResolvers()
    this.#outcomes = []
    this.#child.stdin.write(`${JSON.stringify(orders)}\n`)
    await this.#ready.promise
    return this.#outcomes
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }

  #hear(answer: Answer): void {
    if (answer.kind === 'ready') this.#ready.resolve()
    else this.#outcomes.push(answer)
  }
}

const workerCount = 4

/** Four processes on one store, for the tests of a `describe`: each gets its list of orders, all begin at once. */
export function useWorkers(
  target: () => StoreTarget,
): (orders: readonly (readonly Order[])[]) => Promise<readonly Outcome[]> {
  const stack = new AsyncDisposableStack()
  let workers: readonly Worker[] = []
  beforeAll(async () => {
    // Made by one, found by the others.
    const made = await openTarget(target())
    await made[Symbol.asyncDispose]()
    const starting = Array.from({ length: workerCount }, () => Worker.start({ target: target() }))
    workers = await Promise.all(starting.map(async (worker) => stack.use(await worker)))
  }, 120_000)
  afterAll(async () => await stack.disposeAsync())
  return async (orders) => {
    const answers = await Promise.all(workers.map((worker, n) => worker.obey(orders[n] ?? [])))
    return answers.flat()
  }
}
