import { exitCode } from '../exit-code.ts'
import type { ExitCode } from '../exit-code.ts'
import type { Printer } from '../output/printer.ts'

/** Runs work that Ctrl-C stops, and says what to do then. */
export async function interruptible(
  { printer, signal }: { readonly printer: Printer; readonly signal: AbortSignal },
  work: () => Promise<ExitCode>,
): Promise<ExitCode> {
  try {
    return await work()
  } catch (error) {
    if (!signal.aborted) throw error
    printer.note('stopped; run the same command again to go on from there')
    return exitCode.failure
  }
}
