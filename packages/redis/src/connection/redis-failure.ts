import { ConnectionError } from '@millrace/contracts'

/** What a server says that cannot serve now, but may later: it loads its data, is a replica, is full, or lost its cluster. */
const notNow = /^(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|OOM|BUSY|NOREPLICAS|MISCONF) /

/** The driver hangs what was sent onto its errors: values that have no place in a log. */
function withoutCommand(error: Error): Error {
  Reflect.deleteProperty(error, 'command')
  return error
}

/** An error of the driver as one of ours: no answer, or none for now, is a {@link ConnectionError}; all else passes. */
export function redisFailure(error: unknown, server: string): unknown {
  if (!(error instanceof Error)) return error
  withoutCommand(error)
  if (error.name !== 'ReplyError')
    return new ConnectionError(`Redis at ${server} cannot be reached: ${error.message}`, { cause: error })
  if (notNow.test(error.message))
    return new ConnectionError(`Redis at ${server} cannot serve now: ${error.message}`, { cause: error })
  return error
}

/** True for the answer to a script's name that the server has not seen, or has forgotten. */
export function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT')
}
