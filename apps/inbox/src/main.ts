import { explain } from './explain.ts'
import { runInbox } from './run-inbox.ts'
import { StopSignals } from './stop-signals.ts'

using stop = new StopSignals(process)
try {
  await runInbox({ env: process.env, stdout: process.stdout, stderr: process.stderr, signal: stop.signal })
} catch (error) {
  process.stderr.write(`inbox: ${explain(error)}\n`)
  process.exitCode = 1
}
