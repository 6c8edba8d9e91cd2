import { InvalidValueError } from '../errors/value-errors.ts'

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
  'register:before-commit',
  'register:after-commit',
  'capture:before-commit',
  'capture:after-commit',
  'prune:before-commit',
  'prune:after-commit',
  'action:before-send',
  'action:after-send',
  'handler:before',
  'handler:after',
  'index:before-write',
  'index:after-write',
  'intake:before-append',
  'intake:after-append',
  'migrate:before-commit',
  'migrate:after-commit',
  'migrate:before-message',
  'projection:before-switch',
  'projection:after-switch',
  'archive:before-manifest',
  'archive:after-manifest',
  'detach:before-commit',
  'detach:after-commit',
  'drop:before-commit',
  'drop:after-commit',
  'swap:before-fence',
  'swap:after-fence',
  'swap:before-switch',
  'swap:before-pointer',
  'swap:after-pointer',
  'swap:after-switch',
  'swap:before-return',
  'swap:after-return',
] as const

/** One of {@link failpointNames}. */
export type FailpointName = (typeof failpointNames)[number]

/** Called with the name of a {@link FailpointName} or a user's own; a promise holds the code there until it settles. */
export type FailpointHandler = (name: string) => void | Promise<void>

let handler: FailpointHandler | undefined

/** Installs the process's one failpoint handler, or removes it. For tests; without one a failpoint costs a comparison. */
export function setFailpointHandler(next: FailpointHandler | undefined): void {
  handler = next
}

/** Marks a named place. Await what it returns; undefined when no handler is installed. */
export function failpoint(name: FailpointName): void | Promise<void> {
  return handler?.(name)
}

/** A place in a user's own code, beside those of {@link failpointNames}. */
export interface Failpoint<Name extends string = string> {
  readonly name: Name
  /** Marks the place. Await what it returns; undefined when no handler is installed. */
  readonly reach: () => void | Promise<void>
}

const ownName = /^[a-z][a-z\d-]*:[a-z][a-z\d-]*$/

/**
 * Defines a failpoint for one's own handlers. Tests name it by this value, so that a place that is gone does not compile.
 *
 * @example
 * ```ts
 * export const beforeCharge = defineFailpoint('checkout:before-charge')
 * await beforeCharge.reach()
 * ```
 * @throws {@link InvalidValueError} for a name without a colon, or one that Millrace uses itself
 */
export function defineFailpoint<const Name extends `${string}:${string}`>(name: Name): Failpoint<Name> {
  if (!ownName.test(name))
    throw new InvalidValueError(
      'failpoint',
      'two words of a-z 0-9 and - with a colon between, each beginning with a letter',
    )
  if (failpointNames.some((known) => known === name))
    throw new InvalidValueError('failpoint', `a name of one's own; ${name} is one of Millrace`)
  return { name, reach: () => handler?.(name) }
}
