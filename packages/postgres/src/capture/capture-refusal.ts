import { ConfigurationError } from '@millrace/contracts'

import { hasSqlState, sqlState } from '../sql/sql-error.ts'

/** An error of the functions of sql/0013 as ours; others as they are. */
export function captureRefusal(what: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error
  if (hasSqlState(error, sqlState.captureRefused)) return new ConfigurationError(what, error.message)
  if (hasSqlState(error, sqlState.invalidName))
    return new ConfigurationError('options.table', error.message, { cause: error })
  if (hasSqlState(error, sqlState.missingPrivilege))
    return new ConfigurationError(what, error.message, { cause: error })
  return error
}
