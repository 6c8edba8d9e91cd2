import { setImmediate as nextImmediate } from 'node:timers/promises'

/**
 * Lets everything else that is ready run first. An embedded database and a memory log answer without ever leaving the
 * microtask queue: a loop over them would starve timers and sockets, and record one result at a time because no second
 * one could come in between.
 */
export async function nextTurn(): Promise<void> {
  await nextImmediate()
}
