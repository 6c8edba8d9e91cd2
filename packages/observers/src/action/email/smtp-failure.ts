import { ActionError } from '@millrace/processing'

interface SmtpError {
  readonly code?: unknown
  readonly responseCode?: unknown
  readonly message?: unknown
  readonly syscall?: unknown
  readonly command?: unknown
}

/** Nothing was said yet: no name was found, or nobody took the connection. */
function isUnreached({ code, syscall, command }: SmtpError): boolean {
  // Of the pool it comes without a command; of a connection that broke, also behind a message the server may have taken.
  if (code === 'ECONNECTION') return command === undefined
  return code === 'EDNS' || (code === 'ESOCKET' && syscall === 'connect')
}

/** What an answer of a mail server means: 4xx may go well later, 5xx never will (RFC 5321). */
export function smtpFailure(error: unknown): ActionError {
  if (error instanceof ActionError) return error
  const { code, responseCode, message } = error as SmtpError
  const text = typeof message === 'string' ? message : String(error)
  if (typeof responseCode === 'number') {
    // A wrong password is set right by people; the delivery is not to blame.
    const kind = responseCode >= 500 && code !== 'EAUTH' ? 'permanent' : 'transient'
    return new ActionError(text, { kind, statusCode: responseCode, cause: error })
  }
  if (isUnreached(error as SmtpError)) return new ActionError(text, { kind: 'unreachable', cause: error })
  return ActionError.fromNetwork(error)
}
