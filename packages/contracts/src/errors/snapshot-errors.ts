import { MillraceError } from './millrace-error.ts'

/** Which snapshot of which stream. */
export interface SnapshotPlace {
  readonly streamId: string
  /** What the states are called. */
  readonly name: string
  /** Of the stream; undefined where any version would do, or nothing says which it is. */
  readonly version: number | undefined
}

/**
 * Why a snapshot is of no use. `corrupt`: it is not what was written, or not whole. `outdated`: it was taken with another
 * schema of the state or of the events. `foreign`: it belongs to another stream, or to one that was replaced.
 * `sealed`: nothing here can open it. `erased`: a key it was sealed with is gone for good.
 */
export type SnapshotFault = 'corrupt' | 'outdated' | 'foreign' | 'sealed' | 'erased'

function placeOf({ streamId, name, version }: SnapshotPlace): string {
  return version === undefined ? `${name} of ${streamId}` : `${name} of ${streamId} at version ${version}`
}

/** A snapshot was asked for that does not exist. */
export class SnapshotNotFoundError extends MillraceError {
  override readonly name = 'SnapshotNotFoundError'
  override readonly code = 'ERR_SNAPSHOT_NOT_FOUND'
  override readonly retryable = false
  readonly streamId: string
  readonly snapshot: string
  readonly version: number | undefined
  constructor(place: SnapshotPlace, options?: ErrorOptions) {
    super(`there is no snapshot ${placeOf(place)}`, options)
    this.streamId = place.streamId
    this.snapshot = place.name
    this.version = place.version
  }
}

/** A snapshot is of no use. Its stream is: whoever loads a state folds the events instead. */
export class InvalidSnapshotError extends MillraceError {
  override readonly name = 'InvalidSnapshotError'
  override readonly code = 'ERR_INVALID_SNAPSHOT'
  override readonly retryable = false
  readonly streamId: string
  readonly snapshot: string
  readonly version: number | undefined
  readonly fault: SnapshotFault
  readonly reason: string
  constructor(
    place: SnapshotPlace,
    { fault, reason }: { readonly fault: SnapshotFault; readonly reason: string },
    options?: ErrorOptions,
  ) {
    super(`snapshot ${placeOf(place)} is ${fault}: ${reason}`, options)
    this.streamId = place.streamId
    this.snapshot = place.name
    this.version = place.version
    this.fault = fault
    this.reason = reason
  }
}
