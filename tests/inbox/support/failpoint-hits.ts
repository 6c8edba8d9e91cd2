import type { FailpointName } from '@millrace/contracts'

/** A place the inbox comes by. What is run beside it, and what it does not have, has tests of its own. */
export type InboxFailpoint = Exclude<
  FailpointName,
  | `archive:${string}`
  | `capture:${string}`
  | `detach:${string}`
  | `drop:${string}`
  | `index:${string}`
  | `migrate:${string}`
  | `projection:${string}`
  | `prune:${string}`
  | `register:${string}`
  | `swap:${string}`
>

/** Where a place is passed often, in the middle of the samples; where it is passed a few times, one of the first. */
const hits: Readonly<Record<InboxFailpoint, number>> = {
  'append:before-commit': 150,
  'append:after-commit': 150,
  'advance:before-commit': 5,
  'advance:after-commit': 5,
  'settle:before-commit': 2,
  'settle:after-commit': 2,
  'recover:before-commit': 2,
  'recover:after-commit': 2,
  'action:before-send': 2,
  'action:after-send': 2,
  'handler:before': 5,
  'handler:after': 5,
  'intake:before-append': 150,
  'intake:after-append': 150,
}

/** All of them. */
export const inboxFailpoints = Object.keys(hits) as readonly InboxFailpoint[]

/** At which of its passes through a failpoint the inbox is killed. */
export function hitOf(name: InboxFailpoint): number {
  return hits[name]
}
