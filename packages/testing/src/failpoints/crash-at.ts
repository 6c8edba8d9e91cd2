import { nameOf } from './place.ts'
import type { Place } from './place.ts'
import { react } from './reactions.ts'

/** When this process ends as by `kill -9`. */
export interface CrashAtOptions {
  /** Which of the times the place is reached, from 1. @defaultValue 1 */
  readonly hit?: number
}

/**
 * Ends this process as by `kill -9` when it reaches a place: no `finally`, no exit handler, nothing is flushed. For
 * scripts that run in a process of their own; `startScript` does it from outside.
 */
export function crashAt(place: Place, { hit = 1 }: CrashAtOptions = {}): void {
  const name = nameOf(place)
  let left = hit
  react((reached) => {
    if (reached === name && --left === 0) process.kill(process.pid, 'SIGKILL')
  })
}
