import type { EventView, StreamView } from '@millrace/app'
import { defined } from '@millrace/contracts'

import { NotFoundError } from '../errors.ts'
import { exitCode } from '../exit-code.ts'
import type { ExitCode } from '../exit-code.ts'
import { formatTable } from '../output/table.ts'
import { parseCount } from './command-context.ts'
import type { CommandContext } from './command-context.ts'

/** The options of every listing. */
export interface PageFlags {
  readonly limit?: string
  readonly cursor?: string
}

/** Options of `streams list`. */
export interface StreamListFlags extends PageFlags {
  readonly category?: string
  readonly tombstoned?: boolean
}

/** Options of `streams show`. */
export interface StreamShowFlags extends PageFlags {
  readonly from?: string
  readonly to?: string
  readonly backwards?: boolean
  readonly raw?: boolean
}

function formatStreams(streams: readonly StreamView[]): string {
  return formatTable(streams, [
    { title: 'STREAM', value: ({ id }) => id, width: 80 },
    { title: 'VERSION', value: ({ version }) => version, align: 'right' },
    { title: 'UPDATED', value: ({ updatedAt }) => updatedAt },
    { title: '', value: ({ tombstonedAt }) => (tombstonedAt === null ? '' : 'tombstoned') },
  ])
}

function formatEvents(events: readonly EventView[], raw: boolean): string {
  return formatTable(events, [
    {
      title: 'VERSION',
      value: ({ version, part }) => (part === undefined ? version : `${version}#${part.index}`),
      align: 'right',
    },
    {
      title: 'TYPE',
      value: ({ type, schemaVersion }) => (raw ? `${type} v${schemaVersion}` : type),
      width: 40,
    },
    { title: 'OCCURRED', value: ({ occurredAt }) => occurredAt },
    {
      title: 'DATA',
      value: ({ data, problem }) => (problem === undefined ? JSON.stringify(data) : `! ${problem}`),
      width: 80,
    },
  ])
}

function noteMore({ printer }: CommandContext, next: string | null): void {
  if (next !== null && !printer.json) printer.note(`more with --cursor ${next}`)
}

/** `millrace streams list` */
export async function listStreams(context: CommandContext, flags: StreamListFlags): Promise<ExitCode> {
  const page = await context.management.listStreams(
    defined({
      category: flags.category,
      includeTombstoned: flags.tombstoned,
      limit: parseCount('--limit', flags.limit),
      cursor: flags.cursor,
    }),
  )
  await context.printer.result(page, () => formatStreams(page.streams))
  noteMore(context, page.next)
  return exitCode.ok
}

/** `millrace streams show ID` */
export async function showStream(
  context: CommandContext,
  id: string,
  flags: StreamShowFlags,
): Promise<ExitCode> {
  const page = await context.management.readStream(
    id,
    defined({
      fromVersion: parseCount('--from', flags.from),
      toVersion: parseCount('--to', flags.to),
      direction: flags.backwards === true ? ('backwards' as const) : undefined,
      raw: flags.raw,
      limit: parseCount('--limit', flags.limit),
      cursor: flags.cursor,
    }),
  )
  if (page === undefined) throw new NotFoundError(`stream ${id} does not exist`)
  await context.printer.result(page, () => formatEvents(page.events, flags.raw === true))
  noteMore(context, page.next)
  return exitCode.ok
}
