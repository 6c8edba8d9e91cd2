import type { ObserverDefinition, ObserverFile, ObserverRules, RuleProblem } from '@millrace/observers'
import type { ObserverRuleRow } from '@millrace/postgres'

/** One rule, and where it comes from. */
export interface KnownRule {
  readonly name: string
  readonly origin: 'code' | 'file' | 'stored'
  readonly place: string | undefined
  readonly version: number | undefined
  /** As it was written. */
  readonly definition: unknown
  /** Who switched it, where somebody did. */
  readonly switched: ObserverRuleRow | undefined
  readonly enabled: boolean
  /** Why it does not run. */
  readonly problems: readonly RuleProblem[]
}

/** Rules of every origin, and what of them can be run. */
export interface RuleSet {
  readonly rules: readonly KnownRule[]
  readonly runnable: Required<ObserverRules>
}

/** Where rules come from. */
export interface RuleSources {
  readonly code: readonly ObserverDefinition[]
  readonly files: readonly ObserverFile[]
  readonly rows: readonly ObserverRuleRow[]
  /** Whether rows may hold rules, or only switch others. */
  readonly stored: boolean
  /** Everything that is wrong with a rule as data. */
  readonly check: (definition: unknown, place: string) => readonly RuleProblem[]
}

type Raw = Readonly<Record<string, unknown>>

const table = 'observer_rules'

function isObject(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function nameOf(definition: unknown): string | undefined {
  return isObject(definition) && typeof definition['name'] === 'string' ? definition['name'] : undefined
}

/** A rule as it is run: on or off as somebody said last. */
function switchedBy(definition: unknown, row: ObserverRuleRow | undefined): unknown {
  return row?.enabled === undefined || !isObject(definition)
    ? definition
    : { ...definition, enabled: row.enabled }
}

function isEnabled(definition: unknown, row: ObserverRuleRow | undefined): boolean {
  return row?.enabled ?? !(isObject(definition) && definition['enabled'] === false)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Postgres takes what JSON.parse does not, such as a lone half of a pair of surrogates.
    return undefined
  }
}

function storedRule(
  row: ObserverRuleRow,
  taken: ReadonlySet<string>,
  check: RuleSources['check'],
): KnownRule {
  const { name, version } = row
  const place = `${table}: ${name}`
  const definition = parsed(row.rule ?? '')
  const wrong = (problem: string): readonly RuleProblem[] => [{ place, problem }]
  const problems = taken.has(name)
    ? wrong('there is a rule of this name in code or in a file, which runs')
    : !isObject(definition)
      ? wrong('must be an observer, as a JSON object')
      : definition['name'] !== name
        ? wrong('must have the name of its row')
        : check(definition, place)
  return {
    name,
    origin: 'stored',
    place: table,
    version,
    definition,
    switched: row.enabled === undefined ? undefined : row,
    enabled: isEnabled(definition, row),
    problems,
  }
}

/** Puts rules of code, files and rows together. One that is wrong among the rows stops no other. */
export function gatherRules({ code, files, rows, stored, check }: RuleSources): RuleSet {
  const rowOf = new Map(rows.map((row) => [row.name, row]))
  const switchOf = (name: string | undefined): ObserverRuleRow | undefined => {
    const row = name === undefined ? undefined : rowOf.get(name)
    return row?.enabled === undefined ? undefined : row
  }
  const fixed = (definition: unknown, origin: 'code' | 'file', place: string | undefined): KnownRule => {
    const name = nameOf(definition) ?? ''
    const switched = switchOf(name)
    const enabled = isEnabled(definition, switched)
    return { name, origin, place, version: undefined, definition, switched, enabled, problems: [] }
  }
  const written = [
    ...code.map((definition) => fixed(definition, 'code', undefined)),
    ...files.flatMap((file) => file.definitions.map((definition) => fixed(definition, 'file', file.name))),
  ]
  const taken = new Set(written.map(({ name }) => name))
  const inRows = stored
    ? rows.filter(({ rule }) => rule !== undefined).map((row) => storedRule(row, taken, check))
    : []
  const good = inRows.filter(({ problems }) => problems.length === 0)
  const run = (definition: unknown): unknown => switchedBy(definition, switchOf(nameOf(definition)))
  return {
    rules: [...written, ...inRows],
    runnable: {
      observers: [...code, ...good.map(({ definition }) => definition)].map(run) as ObserverDefinition[],
      files: files.map((file) => ({ ...file, definitions: file.definitions.map(run) })),
    },
  }
}
