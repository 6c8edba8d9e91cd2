import { ConfigurationError, ConnectionError, StoreFullError, isMillraceError } from '@millrace/contracts'

/** SQLSTATE codes we act on (PostgreSQL manual, appendix A). */
export const sqlState = {
  uniqueViolation: '23505',
  diskFull: '53100',
  deadlock: '40P01',
  invalidText: '22P02',
  invalidCharacters: '22021',
} as const

const configurationStates = new Map([
  ['28000', 'the server refused this user'],
  ['28P01', 'the server refused this user and password'],
  ['3D000', 'the server has no such database'],
])

// Class 08 is "connection exception"; 57P0x: the server stops or starts; 53300: it has no free connection.
const connectionStates = /^(08...|57P0[1-4]|53300)$/
const connectionCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
])
const connectionMessages =
  /connection terminated|connection ended|timeout (exceeded when trying to connect|expired)|not queryable|client was closed|cannot use a pool after/i

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** True for a database error with this SQLSTATE, from either driver, also below one of ours. */
export function hasSqlState(error: unknown, state: string): boolean {
  if (codeOf(error) === state) return true
  return error instanceof Error && error.cause !== undefined && hasSqlState(error.cause, state)
}

function isConnectionFailure(error: unknown, code: string | undefined): boolean {
  if (code !== undefined && (connectionCodes.has(code) || connectionStates.test(code))) return true
  return error instanceof Error && code === undefined && connectionMessages.test(error.message)
}

/**
 * What a driver's error means in our hierarchy; an error of ours and an unexpected one pass through as they are.
 * `target` names the database without its secrets.
 */
export function mapSqlError(error: unknown, target: string): unknown {
  if (isMillraceError(error)) return error
  const code = codeOf(error)
  const reason = error instanceof Error ? error.message : String(error)
  if (code === sqlState.diskFull) return new StoreFullError(`${target}: ${reason}`, { cause: error })
  const setting = code === undefined ? undefined : configurationStates.get(code)
  if (setting !== undefined)
    return new ConfigurationError('database', `${target}: ${setting}`, { cause: error })
  if (isConnectionFailure(error, code))
    return new ConnectionError(`${target}: ${reason || (code ?? 'no answer')}`, { cause: error })
  return error
}
