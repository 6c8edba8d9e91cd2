import { isMillraceError } from '@millrace/contracts'

/** True when the writer's epoch has passed. */
export function isFenced(error: unknown): boolean {
  return isMillraceError(error) && error.code === 'ERR_FENCED'
}

/** True when a server or its disk is to blame and not the record: waiting helps, parking would be wrong. */
export function isOutage(error: unknown): boolean {
  return isMillraceError(error) && (error.code === 'ERR_CONNECTION' || error.code === 'ERR_STORE_FULL')
}

/** True when an event could be read, but no upcaster could lift it. */
export function isUpcastFailure(error: unknown): boolean {
  return (
    isMillraceError(error) &&
    (error.code === 'ERR_UPCASTER_FAILED' || error.code === 'ERR_UNKNOWN_EVENT_VERSION')
  )
}

/** True when the same call may succeed later as it is. */
export function isRetryable(error: unknown): boolean {
  return isMillraceError(error) && error.retryable
}

/** True when no repetition can help, for example data that breaks its schema. */
export function isPermanent(error: unknown): boolean {
  return isMillraceError(error) && !error.retryable
}
