import type { LogPartitionView } from '@millrace/app'
import { defined } from '@millrace/contracts'

import { NotFoundError } from '../errors.ts'
import { exitCode } from '../exit-code.ts'
import type { ExitCode } from '../exit-code.ts'
import { Progress } from '../output/progress.ts'
import { formatTable } from '../output/table.ts'
import type { CommandContext } from './command-context.ts'
import { interruptible } from './interruptible.ts'

/** Options of `partitions detach`. */
export interface DetachFlags {
  readonly archive?: string
  readonly drop?: boolean
  readonly dryRun?: boolean
}

const count = (n: number): string => n.toLocaleString('en')

function formatPartitions(partitions: readonly LogPartitionView[]): string {
  return formatTable(partitions, [
    { title: 'PARTITION', value: ({ name }) => name },
    { title: 'FROM COMMIT', value: ({ fromCommit }) => count(fromCommit), align: 'right' },
    { title: 'BEFORE COMMIT', value: ({ toCommit }) => count(toCommit), align: 'right' },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'EVENTS', value: ({ events }) => (events === null ? '' : count(events)), align: 'right' },
    { title: 'BYTES', value: ({ bytes }) => count(bytes), align: 'right' },
    { title: 'ARCHIVE', value: ({ archive }) => archive ?? '' },
    { title: 'SINCE', value: ({ detachedAt }) => detachedAt ?? '' },
  ])
}

const noPartitions = (): NotFoundError => new NotFoundError('events on JetStream do not lie in partitions')

/** `millrace partitions list` */
export async function listPartitions({ management, printer }: CommandContext): Promise<ExitCode> {
  const partitions = await management.partitions()
  if (partitions === undefined) throw noPartitions()
  await printer.result({ partitions }, () => formatPartitions(partitions))
  return exitCode.ok
}

function told({ name, state, archive, toCommit }: LogPartitionView): string {
  if (state === 'attached') return `${name} can be detached\n`
  return `${name} is ${state}: its events are in archive ${archive ?? ''}; the log begins at commit ${count(toCommit)} or later\n`
}

/** `millrace partitions detach NAME` */
export async function detachPartition(
  { management, printer, io }: CommandContext,
  name: string,
  { archive, drop, dryRun }: DetachFlags,
): Promise<ExitCode> {
  const signal = io.interrupted()
  return await interruptible({ printer, signal }, async () => {
    using progress = new Progress(io.stderr)
    const order = { by: io.user, ...defined({ archive, drop, dryRun }) }
    const view = await management.detachPartition(name, order, {
      signal,
      onProgress: ({ events, total }) => progress.show(events, total),
    })
    if (view === undefined)
      throw (await management.partitions()) === undefined
        ? noPartitions()
        : new NotFoundError(`partition ${name} does not exist`)
    await printer.result(view, () => told(view))
    return exitCode.ok
  })
}
