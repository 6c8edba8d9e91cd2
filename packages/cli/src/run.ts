import { RuleError } from '@millrace/observers'
import { CommanderError } from 'commander'

import { exitCode, exitCodeOf } from './exit-code.ts'
import type { ExitCode } from './exit-code.ts'
import type { CliIo } from './io.ts'
import { neutralise } from './output/neutralise.ts'
import { formatProblems, problemsOf } from './output/problems.ts'
import { createProgram } from './program.ts'

/** True when the reader of the output went away, as `| head` does. */
function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Everything that is wrong with rules is a line each. */
function textOf(error: unknown): string {
  if (error instanceof RuleError) return formatProblems(problemsOf(error))
  return `error: ${neutralise(messageOf(error))}\n`
}

/**
 * Runs one command line. Results go to standard output, everything else to standard error.
 *
 * @param argv the arguments without `node` and the script
 * @returns the exit code; never rejects
 */
export async function run(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const program = createProgram(io)
  try {
    const isVersion = argv.length === 1 && argv[0] === '--version'
    await program.command.parseAsync(isVersion ? ['-V'] : argv, { from: 'user' })
    return program.exitCode()
  } catch (error) {
    if (isClosedPipe(error)) return exitCode.ok
    // Commander has said already what is wrong.
    if (!(error instanceof CommanderError)) io.stderr.write(textOf(error))
    return exitCodeOf(error)
  }
}
