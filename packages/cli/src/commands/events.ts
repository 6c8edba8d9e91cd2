import type { EventView } from '@millrace/app'
import { defined, InvalidValueError } from '@millrace/contracts'

import { exitCode } from '../exit-code.ts'
import type { ExitCode } from '../exit-code.ts'
import { neutralise, shorten } from '../output/neutralise.ts'
import { parseCount } from './command-context.ts'
import type { CommandContext } from './command-context.ts'

/** Options of `events tail`. */
export interface TailFlags {
  readonly after?: string
  readonly last?: string
  readonly type?: readonly string[]
  readonly category?: readonly string[]
  readonly follow: boolean
  readonly raw?: boolean
}

interface Selection {
  readonly types?: readonly string[]
  readonly categories?: readonly string[]
  readonly raw?: boolean
}

const defaultLast = 10
const maxLast = 1000

function formatEvent(event: EventView, raw: boolean): string {
  const { occurredAt, streamId, version, type, data, problem, part } = event
  const body = problem === undefined ? JSON.stringify(data) : `! ${problem}`
  const place = `${streamId}@${version}${part === undefined ? '' : `#${part.index}`}`
  // Read, an event is always of today's version; stored, it is what people look for.
  const name = raw ? `${type} v${event.schemaVersion}` : type
  return `${neutralise(`${occurredAt}  ${place}  ${name}  ${shorten(body, 120)}`)}\n`
}

function parseLast(text: string | undefined): number {
  const last = parseCount('--last', text, 0) ?? defaultLast
  if (last > maxLast) throw new InvalidValueError('--last', `a whole number from 0 to ${maxLast}`)
  return last
}

async function newest(
  { management }: CommandContext,
  selection: Selection,
  count: number,
): Promise<readonly EventView[]> {
  if (count === 0) return []
  const { events } = await management.searchEvents({ ...selection, direction: 'backwards', limit: count })
  return events.toReversed()
}

/** `millrace events tail`: the newest events, then every one that is appended, until Ctrl-C. */
export async function tailEvents(context: CommandContext, flags: TailFlags): Promise<ExitCode> {
  const { management, printer, target, io } = context
  const selection = defined({ types: flags.type, categories: flags.category, raw: flags.raw })
  const print = (event: EventView): Promise<void> =>
    printer.line(event, () => formatEvent(event, flags.raw === true))
  // Before the newest are read: what is appended meanwhile is followed, and shown once.
  const head = await management.head()
  const shown = flags.after === undefined ? await newest(context, selection, parseLast(flags.last)) : []
  for (const event of shown) await print(event)
  if (!flags.follow) return exitCode.ok
  if (target.still) {
    printer.note('no process runs this app: nothing more will be appended')
    return exitCode.ok
  }
  const after = flags.after ?? shown.at(-1)?.position ?? head
  for await (const event of management.tail({ ...selection, after, signal: io.interrupted() }))
    await print(event)
  return exitCode.ok
}
