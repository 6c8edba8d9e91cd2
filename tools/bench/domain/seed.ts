import type { Contest, Sampler } from '../harness/contest.ts'
import { figure } from '../harness/samplers.ts'

/**
 * The figures of the seed's report, in microseconds: of a person domain in Rust, on another machine, so that they are a
 * floor and no comparison.
 */
export const seedMicroseconds = { migratedEvent: 50, command: 200, transition: 10 } as const

/** Beaten by ten times at least. */
const most = 0.1

/** A row against a figure of the seed, in microseconds. */
export function seedContest(
  what: string,
  microseconds: number,
  open: () => Promise<AsyncDisposable & { readonly measured: Sampler }>,
): Contest {
  return {
    name: `${what}, as in the seed`,
    unit: 'µs',
    yardstick: `figure of the seed: ${microseconds} µs`,
    goal: most,
    open: async () => {
      const side = await open()
      return {
        measured: side.measured,
        yardstick: figure(1_000_000 / microseconds),
        [Symbol.asyncDispose]: () => side[Symbol.asyncDispose](),
      }
    },
  }
}
