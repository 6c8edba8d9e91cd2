import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { Bench } from 'tinybench'

import type { Sampler } from './contest.ts'

/** Who works, and how much one piece of work counts. */
export interface Workers {
  /** How many work at once. */
  readonly workers: number
  /** Events or deliveries in one piece of work. */
  readonly size: number
}

/** Workers that each do one piece of work after another, until the time is over: for work that waits for a server. */
export function atOnce({ workers, size }: Workers, work: () => Promise<unknown>): Sampler {
  return async (ms) => {
    const start = performance.now()
    let done = 0
    const worker = async (): Promise<void> => {
      do {
        await work()
        done += 1
      } while (performance.now() - start < ms)
    }
    await Promise.all(Array.from({ length: workers }, worker))
    return { operations: done * size, ms: performance.now() - start }
  }
}

// Node shows its collector only to those who ask for it, and after the start only to a new context.
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (options: { readonly type: 'minor' }) => void

/**
 * Moves what was prepared out of the collector's young part, from which a value moves after its second collection.
 * Else the side that makes more garbage, and so is interrupted by more collections, pays for moving the input of both.
 */
function settleInput(): void {
  collect({ type: 'minor' })
  collect({ type: 'minor' })
}

/** Work in this process, in batches, so that the clock's own cost does not count. */
export interface Batch<Input> {
  /** Makes the input of one batch; not timed. */
  readonly prepare: () => Promise<Input>
  readonly run: (input: Input) => unknown
  /** Events in one batch. */
  readonly size: number
}

/**
 * Times batches with tinybench, a `Bench` for each sample: its own order, one task after the other, would let whatever
 * else the machine does meet one side only.
 */
export function inProcess<Input>({ prepare, run, size }: Batch<Input>): Sampler {
  return async (ms) => {
    let input: Input
    const bench = new Bench({ time: ms, iterations: 1, warmup: false, throws: true })
    bench.add('batch', () => run(input), {
      async: true,
      beforeEach: async () => {
        input = await prepare()
        settleInput()
      },
    })
    const [task] = await bench.run()
    const result = task?.result
    if (result?.state !== 'completed') throw new Error(`tinybench ended ${result?.state ?? 'without a task'}`)
    return { operations: size, ms: result.latency.mean }
  }
}

/** A figure that is known already, as work in a second. */
export function figure(perSecond: number): Sampler {
  return async () => ({ operations: perSecond, ms: 1000 })
}
