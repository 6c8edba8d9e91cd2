import { ConfigurationError, ConnectionError, StoreFullError, isMillraceError } from '@millrace/contracts'

/** SQLSTATE codes we act on (PostgreSQL manual, appendix A). */
export const sqlState = {
  uniqueViolation: '23505',
  diskFull: '53100',
  deadlock: '40P01',
  invalidText: '22P02',
  invalidCharacters: '22021',
  undefinedTable: '42P01',
  undefinedColumn: '42703',
  missingPrivilege: '42501',
  /** Ours, of sql/0003: the log was replaced; it is being replaced. */
  logReplaced: 'MR001',
  logFenced: 'MR002',
  /** Ours, of sql/0004: a document was changed by another writer. */
  documentChanged: 'MR003',
  /** Ours, of sql/0013: a table cannot be captured. */
  captureRefused: 'MR010',
  invalidName: '42602',
  /** Ours, of sql/0011: what was asked for is in an archive. */
  logArchived: 'MR004',
  lockNotAvailable: '55P03',
} as const

const configurationStates = new Map([
  ['28000', 'the server refused this user'],
  ['28P01', 'the server refused this user and password'],
  ['3D000', 'the server has no such database'],
])

// Class 08 is "connection exception"; 57P0x: the server stops, starts or ended an idle session; 53300: it has no free
// connection; 25P03: it ended a transaction that sent nothing.
const connectionStates = /^(08...|57P0[1-5]|53300|25P03)$/
// The server answers, and the same statement may succeed later: deadlock, serialization failure, lock not available,
// read-only (a standby or one being promoted), out of memory, I/O error.
const passingStates = new Set<string>([sqlState.deadlock, '40001', '55P03', '25006', '53200', '58030'])
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

/** A prepared statement reads a view that has got other columns since; the server has no code of its own for it. */
export function isStalePlan(error: unknown): boolean {
  return codeOf(error) === '0A000' && error instanceof Error && /cached plan/.test(error.message)
}

/** The connection is lost, or the server cannot do this now: either way the work may be repeated. */
function isPassing(error: unknown, code: string | undefined): boolean {
  if (code !== undefined)
    return connectionCodes.has(code) || connectionStates.test(code) || passingStates.has(code)
  return error instanceof Error && connectionMessages.test(error.message)
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
  if (isPassing(error, code))
    return new ConnectionError(`${target}: ${reason || (code ?? 'no answer')}`, { cause: error })
  return error
}
