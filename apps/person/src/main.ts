import { isMillraceError } from '@millrace/contracts'

import { runPerson } from './run-person.ts'

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort())

try {
  await runPerson({ env: process.env, stdout: process.stdout, signal: stop.signal })
} catch (error) {
  const reason = isMillraceError(error) ? error.message : error instanceof Error ? error.stack : String(error)
  process.stderr.write(`person: ${reason}\n`)
  process.exitCode = 1
}
