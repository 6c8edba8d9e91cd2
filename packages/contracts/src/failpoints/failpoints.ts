/**
 * The named places where a crash test may stop, pause or kill the process: before and after each commit, send and
 * checkpoint.
 */
export const failpointNames = [
  'append:before-commit',
  'append:after-commit',
  'advance:before-commit',
  'advance:after-commit',
  'settle:before-commit',
  'settle:after-commit',
  'recover:before-commit',
  'recover:after-commit',
  'action:before-send',
  'action:after-send',
  'handler:before',
  'handler:after',
  'intake:before-append',
  'intake:after-append',
] as const

/** One of {@link failpointNames}. */
export type FailpointName = (typeof failpointNames)[number]

/** Called at a failpoint; a promise holds the code there until it settles. */
export type FailpointHandler = (name: FailpointName) => void | Promise<void>

let handler: FailpointHandler | undefined

/** Installs the process's one failpoint handler, or removes it. For tests; without one a failpoint costs a comparison. */
export function setFailpointHandler(next: FailpointHandler | undefined): void {
  handler = next
}

/** Marks a named place. Await what it returns; undefined when no handler is installed. */
export function failpoint(name: FailpointName): void | Promise<void> {
  return handler?.(name)
}
