import { MillraceError } from './millrace-error.ts'

/** A rebuild was asked for while another build of the projection is under way. */
export class ProjectionRebuildInProgressError extends MillraceError {
  override readonly name = 'ProjectionRebuildInProgressError'
  override readonly code = 'ERR_PROJECTION_REBUILD_IN_PROGRESS'
  override readonly retryable = true
  readonly projection: string
  /** The version that is being built. */
  readonly version: number
  constructor(at: { readonly projection: string; readonly version: number }, options?: ErrorOptions) {
    super(`projection ${at.projection} is being built already (version ${at.version})`, options)
    this.projection = at.projection
    this.version = at.version
  }
}
