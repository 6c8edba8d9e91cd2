import { InvalidValueError } from '@millrace/contracts'
import type { Envelope, JsonValue } from '@millrace/contracts'
import { RuleError } from '@millrace/observers'
import type {
  DestinationReport,
  DryRun,
  DryRunOptions,
  ObserverDefinition,
  ObserverReport,
  RuleProblem,
} from '@millrace/observers'

import { checkActor, checkText } from './arguments.ts'
import { toJsonValue } from './event-view.ts'
import type {
  DestinationView,
  ObserverItemView,
  ObserversView,
  PutRuleView,
  RuleHistoryView,
  RuleProblemView,
  VerdictView,
} from './observer-views.ts'

/** One rule as the app has it. */
export interface OperatedObserver {
  readonly name: string
  readonly origin: ObserverItemView['origin']
  readonly place?: string | undefined
  readonly log: ObserverItemView['log']
  readonly enabled: boolean
  readonly override?: { readonly enabled: boolean; readonly by: string; readonly at: Date } | undefined
  readonly version?: number | undefined
  readonly definition: unknown
  /** Undefined where it could not be loaded. */
  readonly report: Pick<ObserverReport, 'seen' | 'matched' | 'failed' | 'lastError'> | undefined
  readonly problems: readonly RuleProblem[]
}

/** One version of a stored rule. */
export interface OperatedChange {
  readonly version: number
  readonly action: RuleHistoryView['changes'][number]['action']
  readonly by: string
  readonly at: Date
  readonly enabled?: boolean | undefined
  readonly definition?: unknown
}

/** How a rule is put. */
export interface PutRuleOrder {
  readonly by: string
  /** Only checks it. @defaultValue false */
  readonly dryRun?: boolean
}

/** The app's observers, as far as operators look after them. */
export interface OperatedObservers {
  list(): readonly OperatedObserver[]
  summary(): { readonly problems: readonly RuleProblem[]; readonly lastError: string | undefined }
  destinations(): readonly DestinationReport[]
  test(observer: string | ObserverDefinition, envelope: Envelope, options?: DryRunOptions): Promise<DryRun>
  /** What is wrong with a rule, were it put. */
  check(definition: unknown): readonly RuleProblem[]
  /** @throws {@link RuleError} */
  put(definition: unknown, order: { readonly by: string }): Promise<{ readonly version: number }>
  remove(name: string, by: string): Promise<boolean>
  setEnabled(name: string, enabled: boolean, by: string): Promise<boolean>
  history(name: string): Promise<readonly OperatedChange[]>
}

/** A source as people write it: its event types, or its table. */
function plainSource(source: object): unknown {
  if ('table' in source) return { table: source.table }
  if (!('events' in source)) return {}
  const { $ } = source.events as { readonly $?: { readonly types?: readonly string[] } }
  return { events: $?.types ?? [] }
}

function plain(value: unknown): unknown {
  if (typeof value === 'function') return 'function'
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === 'source' && typeof member === 'object' && member !== null
        ? plainSource(member as object)
        : plain(member),
    ]),
  )
}

/** A rule as JSON: what is no data in it as `"function"`. */
function definitionView(definition: unknown): JsonValue {
  return toJsonValue(plain(definition))
}

/** A problem as JSON. */
export function problemView({ place, line, column, problem }: RuleProblem): RuleProblemView {
  return { place, line: line ?? null, column: column ?? null, problem }
}

function itemView(observer: OperatedObserver): ObserverItemView {
  const { report, override, place, version, definition, problems, ...rest } = observer
  return {
    name: rest.name,
    origin: rest.origin,
    place: place ?? null,
    log: rest.log,
    enabled: rest.enabled,
    override:
      override === undefined
        ? null
        : { enabled: override.enabled, by: override.by, at: override.at.toISOString() },
    version: version ?? null,
    definition: definitionView(definition),
    counts:
      report === undefined
        ? null
        : {
            seen: report.seen,
            matched: report.matched,
            failed: report.failed,
            lastError: report.lastError ?? null,
          },
    problems: problems.map(problemView),
  }
}

/** A destination as JSON. */
export function destinationView(report: DestinationReport): DestinationView {
  return {
    name: report.name,
    circuit: report.circuit,
    timesOpened: report.timesOpened,
    opensInMs: Math.round(report.opensInMs),
    recent: { calls: report.recent.calls, failures: report.recent.failures },
    inFlight: report.inFlight,
  }
}

/** All of them, by name, with the destinations of their actions. */
export function observersView(observers: OperatedObservers | undefined): ObserversView {
  if (observers === undefined) return { observers: [], destinations: [] }
  return {
    observers: observers
      .list()
      .map(itemView)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    destinations: observers.destinations().map(destinationView),
  }
}

/** One of them; undefined for a name that is not there. */
export function observerView(
  observers: OperatedObservers | undefined,
  name: string,
): ObserverItemView | undefined {
  checkText('name', name)
  const found = observers?.list().find((observer) => observer.name === name)
  return found && itemView(found)
}

/** Switches one on or off for good; undefined for a name that is not there. */
export async function switchObserver(
  observers: OperatedObservers | undefined,
  name: string,
  { enabled, by }: { readonly enabled: boolean; readonly by: string },
): Promise<ObserverItemView | undefined> {
  checkText('name', name)
  const actor = checkActor(by)
  if (observers === undefined || !(await observers.setEnabled(name, enabled, actor))) return undefined
  return observerView(observers, name)
}

function nameIn(definition: unknown): string {
  if (typeof definition !== 'object' || definition === null || Array.isArray(definition))
    throw new InvalidValueError('rule', 'an object: one rule as the guide describes it')
  const name: unknown = Reflect.get(definition, 'name')
  return typeof name === 'string' ? name : ''
}

/**
 * Writes a rule as a row, or only checks it; undefined where the app has no observers.
 * @throws {@link RuleError} with everything that is wrong
 */
export async function putRule(
  observers: OperatedObservers | undefined,
  definition: unknown,
  { by, dryRun = false }: PutRuleOrder,
): Promise<PutRuleView | undefined> {
  const actor = checkActor(by)
  const name = nameIn(definition)
  if (observers === undefined) return undefined
  const created = observers.list().every((each) => each.name !== name || each.origin !== 'stored')
  if (dryRun) {
    const problems = observers.check(definition).map(problemView)
    return { name, version: null, created, dryRun, problems }
  }
  const { version } = await observers.put(definition, { by: actor })
  return { name, version, created, dryRun, problems: [] }
}

/** Removes the row of a rule; false where there is none. */
export async function removeRule(
  observers: OperatedObservers | undefined,
  name: string,
  by: string,
): Promise<boolean> {
  checkText('name', name)
  const actor = checkActor(by)
  return (await observers?.remove(name, actor)) ?? false
}

/** What was done to a rule, newest first; undefined for a name that never was. */
export async function ruleHistory(
  observers: OperatedObservers | undefined,
  name: string,
): Promise<RuleHistoryView | undefined> {
  checkText('name', name)
  if (observers === undefined) return undefined
  const changes = await observers.history(name)
  if (changes.length === 0 && observerView(observers, name) === undefined) return undefined
  return {
    name,
    changes: changes.map(({ version, action, by, at, enabled, definition }) => ({
      version,
      action,
      by,
      at: at.toISOString(),
      enabled: enabled ?? null,
      definition: definitionView(definition),
    })),
  }
}

type Mask = NonNullable<DryRunOptions['mask']>

/** What an observer makes of a record by the rule of the moment; what fails is told, never thrown. */
export async function judgeRecord(
  observers: OperatedObservers,
  name: string,
  { envelope, mask }: { readonly envelope: Envelope; readonly mask: Mask | undefined },
): Promise<VerdictView> {
  const verdict = { recordId: envelope.id as string, matched: false, error: null, lookup: {}, actions: [] }
  try {
    const run = await observers.test(name, envelope, mask === undefined ? {} : { mask })
    return {
      recordId: envelope.id,
      matched: run.matched,
      reason: run.reason,
      error: run.error ?? null,
      lookup: toJsonValue(run.lookup),
      actions: run.actions.map((action) => ({
        name: action.name,
        action: action.action,
        destination: action.destination ?? null,
        rendered: toJsonValue(action.rendered),
        error: action.error ?? null,
      })),
    }
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    const reason = error instanceof RuleError ? 'the rule cannot be loaded' : 'a look-up failed'
    return { ...verdict, reason, error: text }
  }
}
