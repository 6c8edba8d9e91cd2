import { isMillraceError } from '@millrace/contracts'
import { ActionError } from '@millrace/processing'

/** What a failure of one of the app's ports means for a delivery. */
function portFailure(error: unknown): ActionError {
  if (error instanceof ActionError) return error
  const message = error instanceof Error ? error.message : String(error)
  if (!isMillraceError(error)) return new ActionError(message, { kind: 'transient', cause: error })
  // What may have arrived all the same is told by its key: an outage uses up no attempt.
  if (error.code === 'ERR_CONNECTION') return new ActionError(message, { kind: 'unreachable', cause: error })
  return new ActionError(message, { kind: error.retryable ? 'transient' : 'permanent', cause: error })
}

/** Calls a port. @throws {@link ActionError} */
export async function throughPort<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw portFailure(error)
  }
}
