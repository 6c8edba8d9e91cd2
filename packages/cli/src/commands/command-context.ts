import type { Management } from '@millrace/app'
import { InvalidValueError } from '@millrace/contracts'

import type { GlobalOptions } from '../connect/global-options.ts'
import { openTarget } from '../connect/open-target.ts'
import type { Target } from '../connect/open-target.ts'
import type { ExitCode } from '../exit-code.ts'
import type { CliIo } from '../io.ts'
import { Printer } from '../output/printer.ts'

/** What a command works with. */
export interface CommandContext {
  readonly io: CliIo
  readonly target: Target
  readonly management: Management
  readonly printer: Printer
}

/** Does the work of a command. */
export type CommandWork = (context: CommandContext) => Promise<ExitCode>

/** Opens the app, does the work and closes it again. */
export async function withTarget(options: GlobalOptions, io: CliIo, work: CommandWork): Promise<ExitCode> {
  await using target = await openTarget(options, io)
  const { management } = target
  return await work({ io, target, management, printer: new Printer(io, options.json === true) })
}

/** A whole number from an option. @throws {@link InvalidValueError} */
export function parseCount(option: string, text: string | undefined, min = 1): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text) || Number(text) < min)
    throw new InvalidValueError(option, `a whole number from ${min} up`)
  return Number(text)
}
