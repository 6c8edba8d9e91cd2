import type { FailpointName } from '@millrace/contracts'

/** Where a place is passed often, in the middle of the samples; where it is passed a few times, one of the first. */
const hits: Readonly<Record<FailpointName, number>> = {
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

/** At which of its passes through a failpoint the inbox is killed. */
export function hitOf(name: FailpointName): number {
  return hits[name]
}
