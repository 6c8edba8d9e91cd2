import type { ConsumerView } from '@millrace/app'

import { NotFoundError } from '../errors.ts'
import { exitCode } from '../exit-code.ts'
import type { ExitCode } from '../exit-code.ts'
import { formatAge } from '../output/age.ts'
import { formatTable } from '../output/table.ts'
import type { CommandContext } from './command-context.ts'

/** Options of `jetstream consumers sweep`. */
export interface SweepFlags {
  readonly dryRun?: boolean
}

function formatConsumers(consumers: readonly ConsumerView[]): string {
  return formatTable(consumers, [
    { title: 'CONSUMER', value: ({ name }) => name },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'OWNER', value: ({ owner }) => owner ?? '' },
    { title: 'FOR', value: ({ purpose }) => purpose ?? '' },
    { title: 'AGE', value: ({ ageSeconds }) => formatAge(ageSeconds), align: 'right' },
    { title: 'PENDING', value: ({ pending }) => pending, align: 'right' },
    { title: 'LAST ACTIVE', value: ({ lastActiveAt }) => lastActiveAt ?? 'never' },
  ])
}

function onJetStream<Answer>(answer: Answer | undefined): Answer {
  if (answer === undefined) throw new NotFoundError('the events of this app are not on JetStream (NATS_URL)')
  return answer
}

/** `millrace jetstream consumers list` */
export async function listConsumers({ management, printer }: CommandContext): Promise<ExitCode> {
  const consumers = onJetStream(await management.consumers())
  await printer.result({ consumers }, () =>
    consumers.length === 0 ? 'no consumers\n' : formatConsumers(consumers),
  )
  return exitCode.ok
}

/** `millrace jetstream consumers sweep` */
export async function sweepConsumers(
  { management, printer }: CommandContext,
  { dryRun = false }: SweepFlags,
): Promise<ExitCode> {
  const sweep = onJetStream(await management.sweepConsumers({ dryRun }))
  const { removed } = sweep
  await printer.result(sweep, () => {
    if (removed.length === 0) return 'nothing to sweep\n'
    return `${dryRun ? 'would remove' : 'removed'} ${removed.length}:\n${formatConsumers(removed)}`
  })
  return exitCode.ok
}
