import { ownSecrets, readSecrets } from '@millrace/app'
import type { StatusView } from '@millrace/app'

import type { LocalTarget } from '../connect/open-target.ts'
import { UsageError } from '../errors.ts'
import { exitCode } from '../exit-code.ts'
import type { ExitCode } from '../exit-code.ts'
import { neutralise } from '../output/neutralise.ts'
import { formatFields, formatTable } from '../output/table.ts'
import type { CommandContext } from './command-context.ts'
import { formatProcessors } from './processors.ts'
import { streamFields } from './stream-fields.ts'

/** A secret as it is shown: without a value where only another process knows it. */
interface ShownSecret {
  readonly name: string
  readonly value: string | null
  readonly source: string
}

const exitCodes = { ok: exitCode.ok, degraded: exitCode.failure, down: exitCode.connection } as const
const marks = { ok: 'good', degraded: 'warn', down: 'bad' } as const

/** A secret that the running server took from its environment is not the one in the file. */
function secretsOf(local: LocalTarget, context: CommandContext): readonly ShownSecret[] {
  const definitions = { ...ownSecrets, ...local.definition.secrets }
  const found = readSecrets(definitions, local.dataDir, context.io.env)
  return Object.entries(definitions).map(([name, { variable }]) => {
    const secret = found[name]
    if (secret?.origin === 'environment') return { name, value: secret.value, source: variable }
    if (local.server?.secretsFromEnvironment.includes(name) === true)
      return { name, value: null, source: `${variable} of process ${local.server.pid}` }
    if (secret === undefined) return { name, value: null, source: 'generated at the first start' }
    return { name, value: secret.value, source: 'the data folder' }
  })
}

/** The servers an app uses, as a table for people. */
function formatComponents(components: StatusView['components']): string {
  return formatTable(components, [
    { title: 'COMPONENT', value: ({ name }) => name },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'SERVES', value: ({ serves }) => serves.join(', ') },
    { title: 'SINCE', value: ({ since }) => since },
    { title: 'DETAIL', value: ({ detail }) => detail, width: 100 },
  ])
}

function formatStatus(status: StatusView, context: CommandContext): string {
  const { storage } = status
  const head = context.printer.mark(marks[status.status], status.status)
  const reasons = status.reasons.map((reason) => `  ${neutralise(reason)}\n`).join('')
  const fields = formatFields([
    ['events', `${storage.kind} ${storage.place}`],
    ['state', `${storage.state.kind} ${storage.state.place}`],
    ['components', `${status.componentsUp} there`],
    ['head', storage.head ?? 'unknown'],
    ...streamFields(storage),
    ...(status.skippedEvents === 0
      ? []
      : ([['skipped', `${status.skippedEvents} events that no upcaster lifts`]] as const)),
    [
      'mode',
      status.mode === 'run'
        ? `running as process ${status.pid} since ${status.startedAt}`
        : 'looked at directly, no server',
    ],
  ])
  const processors = status.processors.length === 0 ? '' : `\n${formatProcessors(status.processors)}`
  const components = status.components.length === 0 ? '' : `\n${formatComponents(status.components)}`
  return `${neutralise(status.app)}: ${head}\n${reasons}${fields}${components}${processors}`
}

/** `millrace status` */
export async function showStatus(
  context: CommandContext,
  options: { readonly showSecret?: boolean },
): Promise<ExitCode> {
  const { target, management, printer } = context
  if (options.showSecret === true && target.local === undefined)
    throw new UsageError(
      '--show-secret reads the data folder on this machine and cannot be combined with --url',
    )
  const status = await management.status()
  const secrets =
    options.showSecret === true && target.local !== undefined ? secretsOf(target.local, context) : undefined
  await printer.result(secrets === undefined ? status : { ...status, secrets }, () => {
    const shown = secrets?.map(
      ({ name, value, source }) =>
        [name, value === null ? `set by ${source}` : `${value}  (from ${source})`] as const,
    )
    return formatStatus(status, context) + (shown === undefined ? '' : `\n${formatFields(shown)}`)
  })
  return exitCodes[status.status]
}
