import type { ProcessorView } from '@millrace/app'

import { NotFoundError } from '../errors.ts'
import { exitCode } from '../exit-code.ts'
import type { ExitCode } from '../exit-code.ts'
import { formatTable } from '../output/table.ts'
import type { CommandContext } from './command-context.ts'

/** Processors as a table for people. */
export function formatProcessors(processors: readonly ProcessorView[]): string {
  return formatTable(processors, [
    { title: 'PROCESSOR', value: ({ name }) => name },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'BEHIND', value: ({ lag }) => lag.records, align: 'right' },
    { title: 'SECONDS', value: ({ lag }) => lag.seconds.toFixed(1), align: 'right' },
    { title: 'HANDLED', value: ({ recordsHandled }) => recordsHandled, align: 'right' },
    { title: 'OPEN', value: ({ openDeliveries }) => openDeliveries, align: 'right' },
    { title: 'DEAD', value: ({ deadLetters }) => deadLetters, align: 'right' },
    { title: 'PARKED', value: ({ parkedRecords }) => parkedRecords, align: 'right' },
    { title: 'LAST ERROR', value: ({ lastError }) => lastError ?? '' },
  ])
}

/** `millrace processors list` */
export async function listProcessors({ management, printer }: CommandContext): Promise<ExitCode> {
  const processors = await management.processors()
  await printer.result({ processors }, () => formatProcessors(processors))
  return exitCode.ok
}

/** `millrace processors pause|resume NAME` */
export async function changeProcessor(
  context: CommandContext,
  verb: 'pause' | 'resume',
  name: string,
): Promise<ExitCode> {
  const { management, printer, io } = context
  const known =
    verb === 'pause'
      ? await management.pauseProcessor(name, io.user)
      : await management.resumeProcessor(name, io.user)
  if (!known) throw new NotFoundError(`processor ${name} does not exist`)
  await printer.result({ name, paused: verb === 'pause' }, () => `${name} ${verb}d\n`)
  return exitCode.ok
}
