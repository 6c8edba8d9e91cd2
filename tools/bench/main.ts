import { join } from 'node:path'

import { rootFolder } from '../workspaces.ts'
import { parseCommandLine, usageOf } from './command-line.ts'
import type { Command } from './command-line.ts'
import type { Result } from './harness/row.ts'
import { runSuite } from './harness/run-suite.ts'
import { keep } from './report/archive.ts'
import { Progress } from './report/progress.ts'
import { summaryOf, tableOf } from './report/table.ts'
import { suites } from './suites.ts'

/** As a shell reports a command that ended by SIGINT. */
const interruptedCode = 130

function abortOnSignals(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => controller.abort(new Error(`stopped by ${name}`)))
  return controller.signal
}

/** Measures, and reports what there is also where a row fails or somebody stops the run. */
async function measure(command: Command, signal: AbortSignal): Promise<readonly Result[]> {
  const { suite, quick, only } = command
  const results: Result[] = []
  const result = (one: Result): void => void results.push(one)
  try {
    using progress = new Progress(process.stderr)
    await runSuite(suite, { quick, only, signal, progress: progress.progress, result })
  } finally {
    if (results.length > 0) report(command, results)
  }
  return results
}

function report({ suite, json, quick }: Command, results: readonly Result[]): void {
  const path = keep(join(rootFolder, '.bench'), { suite: suite.name, quick, at: new Date(), results })
  if (json) {
    const rows = results.map(({ row }) => row)
    process.stdout.write(`${JSON.stringify(rows, undefined, 1)}\n`)
    return
  }
  process.stdout.write(`\n${tableOf(results)}\n${summaryOf(results)}kept as ${path}.{json,txt}\n`)
}

async function main(args: readonly string[]): Promise<number> {
  const parsed = parseCommandLine(args, suites)
  if ('problem' in parsed) {
    process.stderr.write(`${parsed.problem}\n\n${usageOf(suites)}`)
    return 2
  }
  const signal = abortOnSignals()
  try {
    const results = await measure(parsed.command, signal)
    if (results.length === 0) {
      process.stderr.write(`no row's name holds ${JSON.stringify(parsed.command.only)}\n`)
      return 2
    }
    return results.some(({ row }) => row.holds === false) ? 1 : 0
  } catch (error) {
    if (!signal.aborted) throw error
    process.stderr.write(`${String(signal.reason)}\n`)
    return interruptedCode
  }
}

process.exitCode = await main(process.argv.slice(2))
