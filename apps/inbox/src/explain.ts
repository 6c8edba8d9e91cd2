import { isMillraceError } from '@millrace/contracts'

/** An error as people are told about it: what was foreseen in one line, a mistake of ours with its stack. */
export function explain(error: unknown): string {
  if (isMillraceError(error)) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
