import { isDeepStrictEqual } from 'node:util'

import { ConfigurationError } from '@millrace/contracts'
import type { Envelope } from '@millrace/contracts'
import { RuleError } from '@millrace/observers'
import type {
  DestinationReport,
  DryRun,
  DryRunOptions,
  ObserverDefinition,
  ObserverFile,
  ObserverLog,
  ObserverRuntime,
  Observers,
  RuleProblem,
} from '@millrace/observers'
import { forgetProcessors } from '@millrace/postgres'
import type { ObserverRuleRow, ObserverRules, SqlDatabase } from '@millrace/postgres'
import { pause } from '@millrace/processing'
import type { Processor } from '@millrace/processing'

import type {
  AppObservers,
  ObserverChange,
  ObserversSummary,
  ObserverView,
  PutObserver,
  PutObserverOrder,
} from './app-observers.ts'
import type { AppObserverOptions } from './observer-options.ts'
import { readRuleFiles } from './rule-files.ts'
import { gatherRules } from './rule-set.ts'
import type { KnownRule, RuleSet } from './rule-set.ts'

const lookAgainMs = 1_000
/** What a runtime refused is tried again; mostly nothing has changed. */
const tryRefusedAfterMs = 5_000
const maxProblems = 100

/** What {@link RunningRules} work with. */
export interface RunningRulesParts {
  readonly options: AppObserverOptions
  readonly mode: 'run' | 'inspect'
  readonly database: SqlDatabase
  readonly rows: ObserverRules
  readonly observers: Observers
  readonly closing: AsyncDisposable
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** The observers of an app that is open: loads rules, keeps them as they are in files and rows, changes rows. */
export class RunningRules implements AppObservers, AsyncDisposable {
  readonly #parts: RunningRulesParts
  readonly #runtimes: ObserverRuntime[] = []
  /** Of each row its last version that was looked at. */
  readonly #checked = new Map<
    string,
    { readonly version: number; readonly problems: readonly RuleProblem[] }
  >()
  readonly #closed = new AbortController()
  #files: readonly ObserverFile[]
  #reloads = -1
  #fileProblems: readonly RuleProblem[] = []
  #set: RuleSet = { rules: [], runnable: { observers: [], files: [] } }
  #revision = -1
  #refused: ReadonlyMap<string, unknown> = new Map()
  #refusedAt = 0
  #lastError: string | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #watching: Promise<void> | undefined

  constructor(parts: RunningRulesParts, files: readonly ObserverFile[]) {
    this.#parts = parts
    this.#files = files
  }

  processorsOn(log: ObserverLog): readonly Processor[] {
    return this.#parts.observers.processorsOn(log)
  }

  /** Says what runs the processors of a log, which has got those of {@link RunningRules.processorsOn}. */
  attach(log: ObserverLog, runtime: ObserverRuntime): void {
    this.#runtimes.push(runtime)
    this.#parts.observers.attach(runtime, log)
  }

  /** Runs what lies in rows as well, and goes on looking whether rules have changed. */
  async start(): Promise<void> {
    await this.sync()
    this.#watching ??= this.#watch()
  }

  list(): readonly ObserverView[] {
    const reports = new Map(this.#parts.observers.status().observers.map((each) => [each.name, each]))
    const byName = this.#set.rules.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))
    return byName.map((rule) => {
      const { switched, problems, ...known } = rule
      const report = problems.length === 0 ? reports.get(rule.name) : undefined
      const { enabled = true } = switched ?? {}
      const { by = '', at = new Date(0), version = 0 } = switched?.switched ?? switched ?? {}
      return {
        ...known,
        log: report?.log ?? 'events',
        override: switched === undefined ? undefined : { enabled, by, at, version },
        report,
        problems: [...problems, ...this.#refusalOf(rule)],
      }
    })
  }

  summary(): ObserversSummary {
    const { observers, destinations } = this.#parts.observers.status()
    const sum = (field: 'seen' | 'matched' | 'failed'): number =>
      observers.reduce((total, each) => total + each[field], 0)
    const problems = this.#set.rules.flatMap((rule) => [...rule.problems, ...this.#refusalOf(rule)])
    return {
      observers: this.#set.rules.length,
      enabled: this.#set.rules.filter(({ enabled }) => enabled).length,
      seen: sum('seen'),
      matched: sum('matched'),
      failed: sum('failed'),
      openCircuits: destinations.filter(({ circuit }) => circuit !== 'closed').length,
      problems: [...this.#fileProblems, ...problems].slice(0, maxProblems),
      lastError: this.#lastError,
    }
  }

  destinations(): readonly DestinationReport[] {
    return this.#parts.observers.status().destinations
  }

  async test(
    observer: string | ObserverDefinition,
    envelope: Envelope,
    options: DryRunOptions = {},
  ): Promise<DryRun> {
    const { problems = [] } = this.#set.rules.find(({ name }) => name === observer) ?? {}
    if (problems.length > 0) throw new RuleError(problems)
    return await this.#parts.observers.test(observer, envelope, options)
  }

  check(definition: unknown): readonly RuleProblem[] {
    return this.#parts.observers.check(definition)
  }

  async put(definition: unknown, order: PutObserverOrder): Promise<PutObserver> {
    const { name, text } = this.#toWrite(definition)
    const { rows } = this.#parts
    const known = (await rows.read()).rows.some((row) => row.name === name && row.rule !== undefined)
    if (!(await rows.put(name, text, order)))
      throw new ConfigurationError(
        `observer ${name}`,
        order.expect === 'new' ? 'is there already' : 'is not there',
      )
    await this.sync()
    const written = this.#set.rules.find((rule) => rule.name === name)
    return { name, version: written?.version ?? 0, created: !known }
  }

  async remove(name: string, by: string): Promise<boolean> {
    const { rows } = this.#parts
    const isThere = (await rows.read()).rows.some((row) => row.name === name && row.rule !== undefined)
    if (!isThere || !(await rows.remove(name, by))) return false
    await this.sync()
    return true
  }

  async setEnabled(name: string, enabled: boolean | undefined, by: string): Promise<boolean> {
    await this.sync()
    if (!this.#set.rules.some((rule) => rule.name === name)) return false
    await this.#parts.rows.setEnabled(name, enabled, by)
    await this.sync()
    return true
  }

  async history(name: string): Promise<readonly ObserverChange[]> {
    const changes = await this.#parts.rows.history(name)
    return changes.map(({ version, action, by, at, enabled, rule }) => ({
      version,
      action,
      by,
      at,
      enabled,
      definition: rule === undefined ? undefined : (JSON.parse(rule) as unknown),
    }))
  }

  async reload(): Promise<void> {
    const { options, rows } = this.#parts
    // Tried here before anybody else is asked to.
    await readRuleFiles(options.files ?? [])
    await rows.reload()
    await this.sync()
    if (this.#fileProblems.length > 0) throw new RuleError(this.#fileProblems)
  }

  /** Reads the rows, and the files where somebody asked for that, and runs what they say. */
  async sync(): Promise<void> {
    const turn = this.#turn.then(async () => await this.#sync())
    this.#turn = turn.catch(() => undefined)
    await turn
  }

  /** To be called after the runtimes were closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.#parts.observers[Symbol.asyncDispose]()
    await this.#parts.closing[Symbol.asyncDispose]()
  }

  /** Changes nothing any more; to be called before the runtimes are closed. */
  async stop(): Promise<void> {
    this.#closed.abort()
    await this.#watching
    await this.#turn
  }

  async #watch(): Promise<void> {
    const { signal } = this.#closed
    while (!signal.aborted) {
      await pause(lookAgainMs, signal)
      if (!signal.aborted) await this.#look()
    }
  }

  /** Never rejects: what cannot be looked at now is looked at later. */
  async #look(): Promise<void> {
    try {
      const isNew = (await this.#parts.rows.revision()) !== this.#revision
      const isDue = this.#refused.size > 0 && performance.now() - this.#refusedAt > tryRefusedAfterMs
      if (isNew || isDue) await this.sync()
      this.#lastError = undefined
    } catch (error) {
      this.#lastError = this.#parts.observers.redact(textOf(error))
    }
  }

  async #sync(): Promise<void> {
    const { revision, reloads, rows, removed } = await this.#parts.rows.read()
    const before = this.#files
    if (this.#reloads >= 0 && reloads !== this.#reloads) await this.#readFiles()
    this.#reloads = reloads
    try {
      await this.#apply(rows)
    } catch (error) {
      if (!(error instanceof RuleError)) throw error
      // Of what is applied only files are not checked before.
      this.#fileProblems = error.problems
      this.#files = before
      await this.#apply(rows)
    }
    this.#revision = revision
    await this.#forget(removed)
  }

  async #readFiles(): Promise<void> {
    this.#checked.clear()
    this.#fileProblems = []
    try {
      this.#files = await readRuleFiles(this.#parts.options.files ?? [])
    } catch (error) {
      if (!(error instanceof RuleError)) throw error
      this.#fileProblems = error.problems
    }
  }

  async #apply(rows: readonly ObserverRuleRow[]): Promise<void> {
    const { options, observers } = this.#parts
    const versions = new Map(rows.map(({ name, version }) => [`observer_rules: ${name}`, version]))
    const set = gatherRules({
      code: options.rules ?? [],
      files: this.#files,
      rows,
      stored: options.stored ?? false,
      check: (definition, place) => this.#checkOnce(definition, place, versions.get(place) ?? 0),
    })
    this.#refused = await observers.replace(set.runnable)
    this.#refusedAt = performance.now()
    this.#set = set
  }

  /** True for the name of what runs and is no rule: a processor of the app, an indexer. */
  #isOthers(name: unknown): boolean {
    const isRule = this.#parts.observers.processors.some((processor) => processor.name === name)
    return typeof name === 'string' && !isRule && this.#runtimes.some((runtime) => runtime.runs(name))
  }

  /** What is wrong with a version of a row does not change. */
  #checkOnce(definition: unknown, place: string, version: number): readonly RuleProblem[] {
    if (this.#isOthers((definition as { readonly name: unknown }).name))
      return [{ place, problem: 'there is a processor of this name' }]
    const known = this.#checked.get(place)
    if (known?.version === version) return known.problems
    const problems = this.#parts.observers.check(definition, place)
    this.#checked.set(place, { version, problems })
    return problems
  }

  /** A rule that was removed and put again begins anew. */
  async #forget(removed: readonly string[]): Promise<void> {
    const { mode, database } = this.#parts
    const gone = removed.filter(
      (name) =>
        !this.#set.rules.some((rule) => rule.name === name) &&
        !this.#runtimes.some((runtime) => runtime.runs(name)),
    )
    if (mode !== 'run' || gone.length === 0) return
    // What was a row may be a rule in the code of another release by now, whose process must not lose its checkpoint.
    await forgetProcessors(database, { processors: gone, by: 'rules', unlessRun: true })
  }

  #refusalOf({ name, place }: KnownRule): readonly RuleProblem[] {
    if (!this.#refused.has(name)) return []
    const problem = this.#parts.observers.redact(textOf(this.#refused.get(name)))
    return [{ place: place === undefined ? name : `${place}: ${name}`, problem }]
  }

  /** @throws {@link RuleError} {@link ConfigurationError} */
  #toWrite(definition: unknown): { readonly name: string; readonly text: string } {
    const { options, observers } = this.#parts
    if (options.stored !== true)
      throw new ConfigurationError('observers.stored', 'must be true where rules are written as rows')
    const text = JSON.stringify(definition) as string | undefined
    const refuse = (problem: string): never => {
      throw new RuleError([{ place: 'observer', problem }])
    }
    if (text === undefined || !isDeepStrictEqual(JSON.parse(text), definition))
      return refuse('must be data: names, texts, numbers, lists')
    const problems = observers.check(definition)
    if (problems.length > 0) throw new RuleError(problems)
    const { name } = definition as { readonly name: string }
    if (this.#set.rules.some((rule) => rule.name === name && rule.origin !== 'stored'))
      return refuse(`there is a rule ${name} in code or in a file already`)
    if (this.#isOthers(name)) return refuse(`there is a processor ${name} already`)
    return { name, text }
  }
}
