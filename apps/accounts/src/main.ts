import { isMillraceError } from '@millrace/contracts'

import { runAccounts } from './run-accounts.ts'

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort())

try {
  await runAccounts({ env: process.env, stdout: process.stdout, signal: stop.signal })
} catch (error) {
  const reason = isMillraceError(error) ? error.message : error instanceof Error ? error.stack : String(error)
  process.stderr.write(`accounts: ${reason}\n`)
  process.exitCode = 1
}
