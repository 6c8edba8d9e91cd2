import type { DeadLetterQuery, DeadLetterView, RetryView } from '@millrace/app'
import { defined, InvalidValueError } from '@millrace/contracts'

import { NotFoundError, UsageError } from '../errors.ts'
import { exitCode } from '../exit-code.ts'
import type { ExitCode } from '../exit-code.ts'
import { formatAttempts } from '../output/attempts.ts'
import { neutralise } from '../output/neutralise.ts'
import { formatFields, formatTable } from '../output/table.ts'
import { parseCount } from './command-context.ts'
import type { CommandContext } from './command-context.ts'
import type { PageFlags } from './streams.ts'

/** Narrowing by flags. */
export interface DlqFilter {
  readonly processor?: string
  /** The same as `processor`: an observer is the processor of its name. */
  readonly observer?: string
  readonly action?: string
  readonly event?: string
  readonly kind?: string
}

/** Options of `dlq retry` and `dlq remove`. */
export interface DlqChangeFlags extends DlqFilter {
  readonly all?: boolean
  readonly dryRun?: boolean
  /** Seconds to wait for each outcome. */
  readonly wait?: string
}

/** Options of `dlq history`. */
export type DlqHistoryFlags = PageFlags

type Selection = Pick<DeadLetterQuery, 'kind' | 'processor' | 'action' | 'recordId'>

interface Outcome {
  readonly id: string
  readonly outcome: RetryView['outcome'] | 'removed' | 'not-found'
  readonly reason: string | null
}

const filters = '--observer, --processor, --action, --event, --kind, --all'

function selectionOf({ processor, observer, action, event, kind }: DlqFilter): Selection {
  if (kind !== undefined && kind !== 'delivery' && kind !== 'parked')
    throw new InvalidValueError('--kind', 'delivery or parked')
  return defined({ processor: processor ?? observer, kind, action, recordId: event })
}

function formatDeadLetters(items: readonly DeadLetterView[]): string {
  return formatTable(items, [
    { title: 'ID', value: ({ id }) => id, width: 120 },
    { title: 'KIND', value: ({ kind }) => kind },
    { title: 'TRIES', value: ({ tries }) => tries, align: 'right' },
    { title: 'SET ASIDE', value: ({ setAsideAt }) => setAsideAt },
    { title: 'REASON', value: ({ reason }) => reason, width: 80 },
  ])
}

function formatDeadLetter(item: DeadLetterView): string {
  const fields = formatFields([
    ['id', item.id],
    ['kind', item.kind],
    ['processor', `${item.processor} (partition ${item.partition})`],
    ...(item.action === null ? [] : [['action', item.action] as const]),
    ['record', `${item.recordId} at ${item.position}`],
    ['set aside', item.setAsideAt],
    ['reason', item.reason],
    ['tries', item.tries],
  ])
  const attempts = formatAttempts(item.attempts)
  const history = item.history
    .map(({ at, action, by }) => `${neutralise(`${at}  ${action} by ${by}`)}\n`)
    .join('')
  const record = item.record === null ? '' : `\n${neutralise(JSON.stringify(item.record.data))}\n`
  return `${fields}${item.attempts.length === 0 ? '' : `\n${attempts}`}${history === '' ? '' : `\n${history}`}${record}`
}

/** `millrace dlq list` */
export async function listDeadLetters(
  context: CommandContext,
  flags: DlqFilter & PageFlags,
): Promise<ExitCode> {
  const { management, printer } = context
  const page = await management.deadLetters(
    defined({ ...selectionOf(flags), limit: parseCount('--limit', flags.limit), cursor: flags.cursor }),
  )
  await printer.result(page, () =>
    page.deadLetters.length === 0 ? 'no dead letters\n' : formatDeadLetters(page.deadLetters),
  )
  if (page.next !== null && !printer.json) printer.note(`more with --cursor ${page.next}`)
  return exitCode.ok
}

/** `millrace dlq show ID` */
export async function showDeadLetter({ management, printer }: CommandContext, id: string): Promise<ExitCode> {
  const item = await management.deadLetter(id)
  if (item === undefined) throw new NotFoundError(`dead letter ${id} does not exist`)
  await printer.result(item, () => formatDeadLetter(item))
  return exitCode.ok
}

/** `millrace dlq history [ID]` */
export async function showDeadLetterHistory(
  { management, printer }: CommandContext,
  id: string | undefined,
  flags: DlqHistoryFlags,
): Promise<ExitCode> {
  const page = await management.deadLetterHistory(
    defined({ id, limit: parseCount('--limit', flags.limit), cursor: flags.cursor }),
  )
  await printer.result(page, () =>
    page.actions.length === 0
      ? 'nobody retried or removed anything\n'
      : formatTable(page.actions, [
          { title: 'AT', value: ({ at }) => at },
          { title: 'BY', value: ({ by }) => by },
          { title: 'DID', value: ({ action }) => action },
          { title: 'ID', value: (action) => action.id, width: 120 },
        ]),
  )
  if (page.next !== null && !printer.json) printer.note(`more with --cursor ${page.next}`)
  return exitCode.ok
}

/** All of them before the first is changed: a retry that fails would be listed again. */
async function findAll({ management }: CommandContext, selection: Selection): Promise<readonly string[]> {
  const ids: string[] = []
  let cursor: string | null = null
  do {
    const page = await management.deadLetters({
      ...selection,
      limit: 1000,
      ...(cursor === null ? {} : { cursor }),
    })
    ids.push(...page.deadLetters.map(({ id }) => id))
    cursor = page.next
  } while (cursor !== null)
  return ids
}

async function chosenIds(
  context: CommandContext,
  ids: readonly string[],
  flags: DlqChangeFlags,
): Promise<readonly string[]> {
  const selection = selectionOf(flags)
  const filtered = flags.all === true || Object.keys(selection).length > 0
  if (ids.length > 0 && filtered) throw new UsageError(`give ids or a filter (${filters}), not both`)
  if (ids.length === 0 && !filtered) throw new UsageError(`give ids, or a filter: ${filters}`)
  return filtered ? findAll(context, selection) : ids
}

/** Nothing is changed: says what would be. */
async function rehearse(context: CommandContext, verb: string, ids: readonly string[]): Promise<ExitCode> {
  const found: DeadLetterView[] = []
  // One after the other: there may be thousands, and the server has others to answer.
  for (const id of ids) {
    const item = await context.management.deadLetter(id)
    if (item !== undefined) found.push(item)
  }
  await context.printer.result({ dryRun: true, [verb]: found.map(({ id }) => id) }, () =>
    found.length === 0
      ? `nothing to ${verb}\n`
      : `would ${verb} ${found.length}:\n${formatDeadLetters(found)}`,
  )
  return found.length === ids.length ? exitCode.ok : exitCode.notFound
}

function verdict(outcomes: readonly Outcome[]): ExitCode {
  if (outcomes.some(({ outcome }) => outcome === 'failed' || outcome === 'waiting')) return exitCode.failure
  return outcomes.some(({ outcome }) => outcome === 'not-found') ? exitCode.notFound : exitCode.ok
}

function formatOutcome({ id, outcome, reason }: Outcome): string {
  return `${[id, outcome, reason ?? ''].map(neutralise).join('  ').trimEnd()}\n`
}

/** Says of each one what became of it at once: what was changed before a failure, or an interrupt, must be known. */
async function changeEach(
  { printer }: CommandContext,
  ids: readonly string[],
  change: (id: string) => Promise<Outcome>,
): Promise<ExitCode> {
  const outcomes: Outcome[] = []
  try {
    for (const id of ids) {
      const outcome = await change(id)
      outcomes.push(outcome)
      if (!printer.json) await printer.line(outcome, () => formatOutcome(outcome))
    }
  } finally {
    // JSON is one document, which a failure must leave whole.
    if (printer.json || ids.length === 0)
      await printer.result({ results: outcomes }, () => 'no dead letters\n')
  }
  return verdict(outcomes)
}

function waitOf({ wait }: DlqChangeFlags): { readonly waitMs?: number } {
  const seconds = parseCount('--wait', wait, 0)
  return seconds === undefined ? {} : { waitMs: seconds * 1000 }
}

/** `millrace dlq retry`: each one in turn, with what became of it. */
export async function retryDeadLetters(
  context: CommandContext,
  ids: readonly string[],
  flags: DlqChangeFlags,
): Promise<ExitCode> {
  const options = { by: context.io.user, ...waitOf(flags) }
  const chosen = await chosenIds(context, ids, flags)
  if (flags.dryRun === true) return rehearse(context, 'retry', chosen)
  return changeEach(context, chosen, async (id) => {
    const result = await context.management.retryDeadLetter(id, options)
    return result ?? { id, outcome: 'not-found', reason: null }
  })
}

/** `millrace dlq remove` */
export async function removeDeadLetters(
  context: CommandContext,
  ids: readonly string[],
  flags: DlqChangeFlags,
): Promise<ExitCode> {
  const chosen = await chosenIds(context, ids, flags)
  if (flags.dryRun === true) return rehearse(context, 'remove', chosen)
  return changeEach(context, chosen, async (id) => {
    const removed = await context.management.removeDeadLetter(id, context.io.user)
    return { id, outcome: removed ? 'removed' : 'not-found', reason: null }
  })
}
