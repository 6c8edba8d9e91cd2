import { isMillraceError } from '@millrace/contracts'
import { CommanderError } from 'commander'

import { RemoteError } from './http/remote-error.ts'

/** What the command says by its exit code. */
export const exitCode = {
  ok: 0,
  /** Something failed, or the app is degraded. */
  failure: 1,
  /** The command line or the configuration cannot be used. */
  usage: 2,
  /** The server or the store cannot be reached, or the app is down. */
  connection: 3,
  /** A value breaks a rule. */
  validation: 4,
  notFound: 5,
} as const

/** One of {@link exitCode}. */
export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

const byCode: Readonly<Record<string, ExitCode>> = {
  ERR_USAGE: exitCode.usage,
  ERR_CONFIGURATION: exitCode.usage,
  ERR_CONNECTION: exitCode.connection,
  ERR_DATA_FOLDER_LOCKED: exitCode.connection,
  ERR_DATA_FOLDER_CORRUPT: exitCode.connection,
  ERR_INVALID_VALUE: exitCode.validation,
  ERR_INVALID_STREAM_NAME: exitCode.validation,
  ERR_INVALID_CURSOR: exitCode.validation,
  ERR_RULE: exitCode.validation,
  ERR_STREAM_NOT_FOUND: exitCode.notFound,
  ERR_SNAPSHOT_NOT_FOUND: exitCode.notFound,
  ERR_STORE_MISSING: exitCode.notFound,
  ERR_NOT_FOUND: exitCode.notFound,
}

/** Refusals of a server that mean something else than their status. */
const byRemoteCode: Readonly<Record<string, ExitCode>> = {
  ERR_ARCHIVE: exitCode.failure,
  ERR_CONFIGURATION: exitCode.usage,
}

function ofStatus(status: number): ExitCode {
  if (status === 400 || status === 413 || status === 422) return exitCode.validation
  if (status === 404) return exitCode.notFound
  return status === 503 ? exitCode.connection : exitCode.failure
}

/** The exit code an error stands for. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage
  if (error instanceof RemoteError) return byRemoteCode[error.remoteCode ?? ''] ?? ofStatus(error.status)
  return (isMillraceError(error) ? byCode[error.code] : undefined) ?? exitCode.failure
}
