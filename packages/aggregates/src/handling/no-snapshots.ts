import { NotSupportedError } from '@millrace/contracts'

/** The error for a snapshot that is asked for where none are kept. */
export function noSnapshots(): NotSupportedError {
  return new NotSupportedError('no snapshots are kept here: give createAggregates some')
}
