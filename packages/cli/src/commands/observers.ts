import { readFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'

import type {
  DestinationView,
  ObserverItemView,
  ObserversView,
  ObserverTestView,
  PutRuleView,
  RuleProblemView,
  VerdictView,
} from '@millrace/app'
import { ConfigurationError } from '@millrace/contracts'
import { parseObserverFile, RuleError } from '@millrace/observers'
import type { ObserverFile } from '@millrace/observers'

import { NotFoundError } from '../errors.ts'
import { exitCode } from '../exit-code.ts'
import type { ExitCode } from '../exit-code.ts'
import { neutralise } from '../output/neutralise.ts'
import { formatProblems, problemsOf } from '../output/problems.ts'
import { formatFields, formatTable } from '../output/table.ts'
import type { CommandContext } from './command-context.ts'

/** Options of `observers test`. */
export interface ObserverTestFlags {
  readonly event: string
  readonly scan?: boolean
}

/** Options of `observers put`. */
export interface PutRulesFlags {
  readonly dryRun?: boolean
}

function known<View>(view: View | undefined, name: string): View {
  if (view === undefined) throw new NotFoundError(`observer ${name} does not exist`)
  return view
}

const hasFailed = ({ problems }: ObserverItemView): boolean => problems.length > 0

function stateOf(observer: ObserverItemView): string {
  if (hasFailed(observer)) return 'not loaded'
  return observer.enabled ? 'enabled' : 'disabled'
}

function formatDestinations(destinations: readonly DestinationView[]): string {
  return formatTable(destinations, [
    { title: 'DESTINATION', value: ({ name }) => name },
    { title: 'CIRCUIT', value: ({ circuit }) => circuit },
    { title: 'OPENED', value: ({ timesOpened }) => timesOpened, align: 'right' },
    { title: 'CALLS', value: ({ recent }) => recent.calls, align: 'right' },
    { title: 'FAILURES', value: ({ recent }) => recent.failures, align: 'right' },
    { title: 'IN FLIGHT', value: ({ inFlight }) => inFlight, align: 'right' },
  ])
}

function formatObservers({ observers, destinations }: ObserversView): string {
  if (observers.length === 0) return 'no observers\n'
  const table = formatTable(observers, [
    { title: 'OBSERVER', value: ({ name }) => name },
    { title: 'STATE', value: stateOf },
    { title: 'RULE', value: ({ origin, place }) => place ?? origin },
    { title: 'LOG', value: ({ log }) => log },
    { title: 'SEEN', value: ({ counts }) => counts?.seen ?? '', align: 'right' },
    { title: 'MATCHED', value: ({ counts }) => counts?.matched ?? '', align: 'right' },
    { title: 'FAILED', value: ({ counts }) => counts?.failed ?? '', align: 'right' },
    {
      title: 'LAST ERROR',
      value: ({ counts, problems }) => problems[0]?.problem ?? counts?.lastError ?? '',
      width: 80,
    },
  ])
  return destinations.length === 0 ? table : `${table}\n${formatDestinations(destinations)}`
}

function formatObserver(observer: ObserverItemView): string {
  const { name, origin, place, log, override, version, counts, problems, definition } = observer
  const fields = formatFields([
    ['observer', name],
    ['state', stateOf(observer)],
    ...(override === null
      ? []
      : [
          ['by', `${override.enabled ? 'enabled' : 'disabled'} by ${override.by} at ${override.at}`] as const,
        ]),
    ['rule', version === null ? (place ?? origin) : `${place ?? origin}, version ${version}`],
    ['log', log],
    ...(counts === null
      ? []
      : ([
          ['seen', counts.seen],
          ['matched', counts.matched],
          [
            'failed',
            counts.lastError === null ? counts.failed : `${counts.failed}, last: ${counts.lastError}`,
          ],
        ] as const)),
  ])
  const rule = JSON.stringify(definition, undefined, 2)
    .split('\n')
    .map((line) => `${neutralise(line)}\n`)
    .join('')
  return `${fields}${problems.length === 0 ? '' : `\n${formatProblems(problems)}`}\n${rule}`
}

/** `millrace observers list` */
export async function listObservers({ management, printer }: CommandContext): Promise<ExitCode> {
  const view = await management.observers()
  await printer.result(view, () => formatObservers(view))
  return view.observers.some(hasFailed) ? exitCode.failure : exitCode.ok
}

/** `millrace observers show NAME` */
export async function showObserver({ management, printer }: CommandContext, name: string): Promise<ExitCode> {
  const observer = known(await management.observer(name), name)
  await printer.result(observer, () => formatObserver(observer))
  return hasFailed(observer) ? exitCode.failure : exitCode.ok
}

/** `millrace observers enable|disable NAME` */
export async function switchObserver(
  { management, printer, io }: CommandContext,
  verb: 'enable' | 'disable',
  name: string,
): Promise<ExitCode> {
  const order = { enabled: verb === 'enable', by: io.user }
  const observer = known(await management.switchObserver(name, order), name)
  await printer.result(observer, () => `${name} ${verb}d\n`)
  return exitCode.ok
}

function hasProblem({ reason, error, actions }: VerdictView): boolean {
  if (reason === 'the condition failed' || reason === 'a look-up failed') return true
  return error !== null || actions.some((action) => action.error !== null)
}

function formatVerdict(verdict: VerdictView): string {
  const { recordId, reason, error, actions } = verdict
  const head = `${neutralise(recordId)}: ${reason}${error === null ? '' : `: ${neutralise(error)}`}\n`
  const rendered = actions.map(({ name, action, destination, rendered: message, error: failed }) => {
    const to = destination === null ? '' : ` to ${destination}`
    const text = failed === null ? JSON.stringify(message, undefined, 2) : `cannot be rendered: ${failed}`
    const lines = text.split('\n').map((line) => `    ${neutralise(line)}\n`)
    return `\n  ${neutralise(`${name} (${action}${to}) would send`)}\n${lines.join('')}`
  })
  return `${head}${rendered.join('')}`
}

function formatTest({ observer, event, verdicts }: ObserverTestView): string {
  const about = `${observer} on ${event?.type ?? ''} of ${event?.streamId ?? ''}, a dry run\n`
  return `${neutralise(about.trimEnd())}\n${verdicts.map(formatVerdict).join('\n')}`
}

/** `millrace observers test NAME --event ID` */
export async function testObserver(
  { management, printer }: CommandContext,
  name: string,
  { event, scan = false }: ObserverTestFlags,
): Promise<ExitCode> {
  const test = known(await management.testObserver(name, { event, scan }), name)
  if (test.event === null)
    throw new NotFoundError(`event ${event} does not exist${scan ? '' : '; see --scan'}`)
  await printer.result(test, () => formatTest(test))
  return test.verdicts.some(hasProblem) ? exitCode.failure : exitCode.ok
}

async function readRules(file: string, cwd: string): Promise<ObserverFile> {
  let text: string
  try {
    text = await readFile(resolve(cwd, file), 'utf8')
  } catch (cause) {
    throw new ConfigurationError(file, 'cannot be read', { cause })
  }
  return parseObserverFile(text, basename(file))
}

/** Where in the file a problem is that was found in one rule by itself. */
function locate(file: ObserverFile, index: number, problem: RuleProblemView): RuleProblemView {
  const path = problem.place.replace(/^[^.[]*(\[\d+\])?/, '')
  return { ...problem, place: file.locate({ place: `${file.name}[${index}]${path}`, problem: '' }).place }
}

/** Checks all of them before the first is written. */
async function checkRules(
  { management, io }: CommandContext,
  file: ObserverFile,
): Promise<{ readonly rules: readonly PutRuleView[]; readonly problems: readonly RuleProblemView[] }> {
  const rules: PutRuleView[] = []
  const problems: RuleProblemView[] = []
  for (const [index, rule] of file.definitions.entries()) {
    const checked = await management.putObserver(rule, { by: io.user, dryRun: true })
    if (checked === undefined) throw new NotFoundError('this app has no observers')
    rules.push(checked)
    problems.push(...checked.problems.map((problem) => locate(file, index, problem)))
  }
  return { rules, problems }
}

/** `millrace observers put FILE` */
export async function putRules(
  context: CommandContext,
  path: string,
  { dryRun = false }: PutRulesFlags,
): Promise<ExitCode> {
  const { management, printer, io } = context
  const refuse = async (problems: readonly RuleProblemView[]): Promise<ExitCode> => {
    await printer.result({ dryRun, rules: [], problems }, () => formatProblems(problems))
    return exitCode.validation
  }
  let file: ObserverFile
  try {
    file = await readRules(path, io.cwd)
  } catch (error) {
    if (error instanceof RuleError) return await refuse(problemsOf(error))
    throw error
  }
  const checked = await checkRules(context, file)
  if (checked.problems.length > 0) return await refuse(checked.problems)
  const rules: PutRuleView[] = []
  for (const rule of dryRun ? [] : file.definitions) {
    const put = await management.putObserver(rule, { by: io.user })
    if (put !== undefined) rules.push(put)
  }
  const shown = dryRun ? checked.rules : rules
  await printer.result({ dryRun, rules: shown, problems: [] }, () =>
    shown
      .map(({ name, created }) => `${name} ${dryRun ? 'would be ' : ''}${created ? 'added' : 'replaced'}\n`)
      .join(''),
  )
  return exitCode.ok
}

/** `millrace observers remove NAME` */
export async function removeRule(
  { management, printer, io }: CommandContext,
  name: string,
): Promise<ExitCode> {
  if (!(await management.removeObserver(name, io.user)))
    throw new NotFoundError(`there is no stored rule ${name}`)
  await printer.result({ name, removed: true }, () => `${name} removed\n`)
  return exitCode.ok
}

/** `millrace observers history NAME` */
export async function showRuleHistory(
  { management, printer }: CommandContext,
  name: string,
): Promise<ExitCode> {
  const history = known(await management.observerHistory(name), name)
  await printer.result(history, () =>
    history.changes.length === 0
      ? 'nobody changed it\n'
      : formatTable(history.changes, [
          { title: 'VERSION', value: ({ version }) => version, align: 'right' },
          { title: 'AT', value: ({ at }) => at },
          { title: 'BY', value: ({ by }) => by },
          { title: 'DID', value: ({ action }) => action },
        ]),
  )
  return exitCode.ok
}
