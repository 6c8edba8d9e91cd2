import type { DeliveryView, EventTraceView, ProcessorTraceView, VerdictView } from '@millrace/app'

import { NotFoundError } from '../errors.ts'
import { exitCode } from '../exit-code.ts'
import type { ExitCode } from '../exit-code.ts'
import { formatAttempts } from '../output/attempts.ts'
import { neutralise } from '../output/neutralise.ts'
import { formatFields, formatTable } from '../output/table.ts'
import type { CommandContext } from './command-context.ts'

/** Options of `debug event`. */
export interface DebugFlags {
  readonly scan?: boolean
}

const why = ({ reason, error }: VerdictView): string => (error === null ? reason : `${reason}: ${error}`)

const deliveredAs = ({ action, state }: DeliveryView): string => `${action} ${state}`

function formatEvents({ id, log, events }: EventTraceView): string {
  const [first] = events
  if (first === undefined) return `${neutralise(id)} is not in the log any more\n`
  const { tenant } = first.metadata
  return formatFields([
    ['event', id],
    ['type', events.map(({ type }) => type).join(', ')],
    ['stream', `${first.streamId}@${first.version}`],
    ['log', `${log ?? ''} ${first.position}`],
    ['recorded', first.recordedAt],
    ...(tenant === undefined ? [] : [['tenant', tenant] as const]),
    ...events.flatMap(({ problem }) => (problem === undefined ? [] : [['problem', problem] as const])),
  ])
}

function formatDelivery(delivery: DeliveryView, { setAside }: ProcessorTraceView): string {
  const reason = setAside.find(({ id }) => id === delivery.id)?.reason
  const head = `${delivery.id}  ${delivery.state}${reason === undefined ? '' : `: ${reason}`}`
  return `\n${neutralise(head)}\n${delivery.attempts.length === 0 ? '' : formatAttempts(delivery.attempts)}`
}

function formatTrace(trace: EventTraceView): string {
  const { processors } = trace
  const table =
    processors.length === 0
      ? 'nobody reads this log\n'
      : formatTable(processors, [
          { title: 'PROCESSOR', value: ({ processor }) => processor },
          { title: 'STATE', value: ({ state }) => state },
          { title: 'RULE', value: ({ verdicts }) => verdicts?.map(why).join('; ') ?? '', width: 80 },
          { title: 'DELIVERIES', value: ({ deliveries }) => deliveries.map(deliveredAs).join(', ') },
        ])
  const parked = processors.flatMap(({ setAside }) => setAside.filter(({ kind }) => kind === 'parked'))
  return [
    formatEvents(trace),
    `\n${table}`,
    ...parked.map(({ id, reason }) => `\n${neutralise(`${id}  parked: ${reason}`)}\n`),
    ...processors.flatMap((each) => each.deliveries.map((delivery) => formatDelivery(delivery, each))),
  ].join('')
}

/** `millrace debug event ID` */
export async function debugEvent(
  { management, printer }: CommandContext,
  id: string,
  { scan = false }: DebugFlags,
): Promise<ExitCode> {
  const trace = await management.traceEvent(id, { scan })
  if (trace === undefined)
    throw new NotFoundError(`event ${id} does not exist${scan ? '' : ' near the time in its id; see --scan'}`)
  await printer.result(trace, () => formatTrace(trace))
  return exitCode.ok
}
