import type { Sides } from './contest.ts'
import { inProcess } from './samplers.ts'
import { sink } from './sink.ts'

/** Both sides go through the same items. */
export interface Race<Item> {
  readonly items: readonly Item[]
  readonly ours: (item: Item) => unknown
  readonly bare: (item: Item) => unknown
  /** How often a batch goes through the items: for work that takes nanoseconds. @defaultValue 1 */
  readonly laps?: number
}

const nothing = async (): Promise<void> => undefined

/** A sampler of one side: work on each item in turn. */
export function throughAll<Item>(
  items: readonly Item[],
  work: (item: Item) => unknown,
  laps: number,
): Sides['measured'] {
  const run = (): void => {
    for (let lap = 0; lap < laps; lap++) for (const item of items) sink.value = work(item)
  }
  return inProcess({ prepare: nothing, run, size: items.length * laps })
}

/** Both sides of a race. */
export function raceOf<Item>({ items, ours, bare, laps = 1 }: Race<Item>): Sides {
  return {
    measured: throughAll(items, ours, laps),
    yardstick: throughAll(items, bare, laps),
    async [Symbol.asyncDispose]() {},
  }
}
