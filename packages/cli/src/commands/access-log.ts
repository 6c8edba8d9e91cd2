import type { AccessView } from '@millrace/app'
import { defined } from '@millrace/contracts'

import { NotFoundError } from '../errors.ts'
import { exitCode } from '../exit-code.ts'
import type { ExitCode } from '../exit-code.ts'
import { formatTable } from '../output/table.ts'
import { parseCount } from './command-context.ts'
import type { CommandContext } from './command-context.ts'
import type { PageFlags } from './streams.ts'

/** Options of `privacy access-log`. */
export interface AccessFlags extends PageFlags {
  readonly subject?: string
  readonly actor?: string
  readonly since?: string
}

/** Options of `processors prune`. */
export interface PruneProcessorsFlags {
  readonly unusedDays?: string
  readonly dryRun?: boolean
}

const notRecorded = (): NotFoundError =>
  new NotFoundError('this app records no accesses: its definition has no accessLog')

function formatEntries(entries: readonly AccessView[]): string {
  return formatTable(entries, [
    { title: 'AT', value: ({ at }) => at },
    { title: 'WHO', value: ({ actor }) => actor, width: 60 },
    { title: 'ROLE', value: ({ role }) => role },
    { title: 'DID', value: ({ action }) => action, width: 60 },
    { title: 'TO', value: ({ target }) => target ?? '', width: 100 },
    { title: '', value: ({ outcome }) => (outcome === 'denied' ? 'denied' : '') },
  ])
}

/** `millrace privacy access-log` */
export async function showAccessLog(
  { management, printer }: CommandContext,
  { subject, actor, since, limit, cursor }: AccessFlags,
): Promise<ExitCode> {
  const query = { target: subject, actor, since, cursor, limit: parseCount('--limit', limit) }
  const page = await management.accessLog(defined(query))
  if (page === undefined) throw notRecorded()
  await printer.result(page, () => formatEntries(page.entries))
  if (page.next !== null && !printer.json) printer.note(`more: --cursor ${page.next}`)
  return exitCode.ok
}

/** `millrace privacy prune-access-log` */
export async function pruneAccessLog({ management, printer, io }: CommandContext): Promise<ExitCode> {
  const pruned = await management.pruneAccessLog(io.user)
  if (pruned === undefined) throw notRecorded()
  await printer.result(pruned, () => `${pruned.removed} entries from before ${pruned.before} removed\n`)
  return exitCode.ok
}

/** `millrace processors prune` */
export async function pruneProcessors(
  { management, printer }: CommandContext,
  { unusedDays, dryRun }: PruneProcessorsFlags,
): Promise<ExitCode> {
  const unusedForDays = parseCount('--unused-days', unusedDays) ?? defaultUnusedDays
  const view = await management.pruneProcessors({ unusedForDays, ...defined({ dryRun }) })
  await printer.result(view, () =>
    view.removed.length === 0
      ? 'none is unused for so long\n'
      : formatTable(view.removed, [
          { title: view.dryRun ? 'WOULD BE FORGOTTEN' : 'FORGOTTEN', value: ({ name }) => name },
          { title: 'PARTITIONS', value: ({ partitions }) => partitions, align: 'right' },
          { title: 'LAST USED', value: ({ lastUsedAt }) => lastUsedAt },
        ]),
  )
  return exitCode.ok
}

const defaultUnusedDays = 90
