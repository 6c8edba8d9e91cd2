import { isMillraceError } from '@millrace/contracts'
import { defineAction } from '@millrace/processing'
import type { ActionDefinition } from '@millrace/processing'

import type { AnyActionKind } from '../action/action-kind.ts'
import { ActionSettings } from '../action/action-settings.ts'
import type { RawSettings } from '../action/action-settings.ts'
import { compileCondition } from '../condition/compile-condition.ts'
import type { Condition, ConditionLimits } from '../condition/compile-condition.ts'
import type { ConditionFields } from '../condition/condition-type.ts'
import { RuleError } from '../errors/rule-error.ts'
import type { RuleProblem } from '../errors/rule-error.ts'
import { cachedRead, lookupType } from '../lookup/lookup.ts'
import type { LookupCache, LookupSource, PreparedLookup } from '../lookup/lookup.ts'
import type { Secrets } from '../secret/secrets.ts'
import type { Template } from '../template/compile-template.ts'
import type { PreparedObserver, PreparedRuleAction } from './prepared-observer.ts'
import type { RuleInput } from './rule-input.ts'
import { isRowSource, typesOf, variablesOf } from './source.ts'
import type { ObserverSource } from './source.ts'

/** What rules are loaded with. */
export interface RuleSurroundings {
  readonly kinds: ReadonlyMap<string, AnyActionKind>
  readonly sources: Readonly<Record<string, ObserverSource>>
  readonly lookups: Readonly<Record<string, LookupSource>>
  readonly cache: LookupCache | undefined
  readonly secrets: Secrets
  readonly limits: ConditionLimits
}

const namePattern = /^[a-z][a-z0-9_-]{0,62}$/
const nameRule = 'must match [a-z][a-z0-9_-]{0,62}'
const maxActions = 100
const lookupName = /^[a-zA-Z_][a-zA-Z0-9_]{0,62}$/

function isObject(value: unknown): value is RawSettings {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const sourceRule = 'must be the name of one, a table in quotes, or in code events that were defined'

/** In data anything may stand there. One of neither would be all events. */
function isSource({ events, table, ...others }: RawSettings): boolean {
  if (table !== undefined) return typeof table === 'string'
  if (events === undefined) return Object.keys(others).length === 0
  return isObject(events) && isObject(events['$']) && typeof events['$']['schemaOf'] === 'function'
}

/** Reads one rule; everything that is wrong with it is noted. */
class ObserverReader {
  readonly #around: RuleSurroundings
  readonly #problems: RuleProblem[]
  readonly #settings: ActionSettings

  constructor(raw: RawSettings, place: string, around: RuleSurroundings, problems: RuleProblem[]) {
    this.#around = around
    this.#problems = problems
    this.#settings = this.#settingsOf(raw, place, {})
  }

  read(): PreparedObserver {
    const settings = this.#settings
    const name = this.#name(settings)
    const source = this.#source()
    const typed = typesOf(source, settings.value('on'))
    if ('problem' in typed) settings.problem('on', typed.problem)
    const types = 'types' in typed ? typed.types : undefined
    const plain = variablesOf(source, types)
    const lookups = this.#lookups(plain)
    const found = Object.fromEntries(lookups.map((each) => [each.name, each.type]))
    const variables: ConditionFields = { ...plain, lookup: { fields: found } }
    const condition = this.#condition(variables)
    const actions = this.#actions(variables, lookups)
    const observer: PreparedObserver = {
      name,
      isChange: isRowSource(source),
      types,
      tenant: this.#tenant(),
      enabled: settings.flag('enabled') ?? true,
      priority: settings.whole('priority', [-1000, 1000]) ?? 0,
      startFrom: settings.choice('startFrom', ['now', 'beginning']) ?? 'now',
      partitions: settings.whole('partitions', [1, 64]) ?? 1,
      decide: condition.decide,
      conditionLookups: condition.usesLookups ? lookups : [],
      actions,
    }
    settings.refuseOthers()
    return observer
  }

  #settingsOf(raw: RawSettings, place: string, variables: ConditionFields): ActionSettings {
    return new ActionSettings(raw, {
      place,
      variables,
      secrets: this.#around.secrets,
      problems: this.#problems,
    })
  }

  #name(settings: ActionSettings): string {
    const name = settings.required('name')
    if (name !== '' && !namePattern.test(name)) settings.problem('name', nameRule)
    return name
  }

  #tenant(): string | undefined {
    const tenant = this.#settings.text('tenant')
    if (tenant === '') this.#settings.problem('tenant', "must be a tenant, or '*' for all")
    return tenant
  }

  #source(): ObserverSource {
    const given = this.#settings.value('source')
    if (given === undefined) return {}
    if (isObject(given)) {
      if (isSource(given)) return given
      this.#settings.problem('source', sourceRule)
      return {}
    }
    const { sources } = this.#around
    if (typeof given === 'string' && Object.hasOwn(sources, given)) return sources[given] ?? {}
    const known = Object.keys(sources).join(', ') || 'none'
    this.#settings.problem('source', `unknown source ${JSON.stringify(given)}; there are ${known}`)
    return {}
  }

  #condition(variables: ConditionFields): {
    readonly decide: PreparedObserver['decide']
    readonly usesLookups: boolean
  } {
    const when = this.#settings.value('when')
    if (when === undefined) return { decide: () => ({ kind: 'match' }), usesLookups: false }
    if (typeof when === 'function')
      return { decide: byFunction(when as (input: RuleInput) => unknown), usesLookups: true }
    const compiled = this.#compile(when as string, variables)
    return {
      decide: (input) => compiled?.evaluate(valuesOf(input)) ?? { kind: 'no-match' },
      usesLookups: compiled?.variables.has('lookup') === true,
    }
  }

  #compile(text: string, variables: ConditionFields): Condition | undefined {
    const options = { ...this.#around.limits, place: this.#settings.placeOf('when') }
    try {
      return compileCondition(text, variables, options)
    } catch (error) {
      if (!(error instanceof RuleError)) throw error
      this.#problems.push(...error.problems)
      return undefined
    }
  }

  #lookups(variables: ConditionFields): readonly PreparedLookup[] {
    const given = Object.entries(this.#settings.object('lookups') ?? {})
    return given.flatMap(([name, raw]) => {
      const lookup = this.#lookup(name, raw, variables)
      return lookup === undefined ? [] : [lookup]
    })
  }

  #lookup(name: string, raw: unknown, variables: ConditionFields): PreparedLookup | undefined {
    const place = `lookups.${name}`
    if (!lookupName.test(name) || !isObject(raw))
      return this.#settings.problem(place, 'must be a name, and what is looked up')
    const settings = this.#settingsOf(raw, this.#settings.placeOf(place), variables)
    const source = this.#lookupSource(settings)
    settings.required('key')
    const key = settings.template('key', 'text')
    const ttlMs = settings.whole('ttlMs', [0, 86_400_000]) ?? 60_000
    const tags = lookupTags(settings)
    if (settings.secretNames.size > 0)
      settings.problem('key', 'must not hold a secret: keys are kept in the cache')
    settings.refuseOthers()
    if (source === undefined || key === undefined) return undefined
    // By the rule's name: its place is another one where a rule comes before it, and releases share the cache.
    const rule = String(this.#settings.value('name'))
    const space = typeof raw['from'] === 'string' ? raw['from'] : `observers.${rule}.${name}`
    const { cache } = this.#around
    return { name, key, tags, type: lookupType(source), read: cachedRead(source, { cache, space, ttlMs }) }
  }

  #lookupSource(settings: ActionSettings): LookupSource | undefined {
    const from = settings.value('from')
    if (isObject(from) && typeof from['load'] === 'function') return from as unknown as LookupSource
    const { lookups } = this.#around
    if (typeof from === 'string' && Object.hasOwn(lookups, from)) return lookups[from]
    const known = Object.keys(lookups).join(', ') || 'none'
    return settings.problem('from', `unknown look-up ${JSON.stringify(from)}; there are ${known}`)
  }

  #actions(variables: ConditionFields, lookups: readonly PreparedLookup[]): readonly PreparedRuleAction[] {
    const given = this.#settings.value('actions')
    if (!Array.isArray(given) || given.length === 0 || given.length > maxActions) {
      this.#settings.problem('actions', `must be 1 to ${maxActions} actions`)
      return []
    }
    const names = new Set<string>()
    return given.flatMap((raw: unknown, index) => {
      const action = this.#action(raw, `${this.#settings.placeOf('actions')}[${index}]`, variables, lookups)
      if (action === undefined) return []
      if (names.has(action.name))
        this.#settings.problem(`actions[${index}].name`, `${action.name} is there twice`)
      names.add(action.name)
      return [action]
    })
  }

  #action(
    raw: unknown,
    place: string,
    variables: ConditionFields,
    lookups: readonly PreparedLookup[],
  ): PreparedRuleAction | undefined {
    if (!isObject(raw)) {
      this.#problems.push({ place, problem: 'must be an action' })
      return undefined
    }
    const settings = this.#settingsOf(raw, place, variables)
    const kind = settings.required('action')
    const found = this.#around.kinds.get(kind)
    if (found === undefined) {
      const known = [...this.#around.kinds.keys()].join(', ')
      if (kind !== '') settings.problem('action', `unknown action ${kind}; there are ${known}`)
      return undefined
    }
    const delivery = this.#delivery(settings, kind)
    const prepared = found.prepare(settings)
    settings.refuseOthers()
    if (delivery === undefined) return undefined
    const used = settings.variableNames.has('lookup') ? lookups : []
    return { name: delivery.name, kind, prepared, delivery, secretNames: settings.secretNames, lookups: used }
  }

  /** Checked by the ledger's own rules; what it refuses is told with its place. */
  #delivery(settings: ActionSettings, kind: string): PreparedRuleAction['delivery'] | undefined {
    const name = this.#name(settings)
    const given = {
      name,
      kind,
      retry: settings.object('retry'),
      timeoutMs: settings.value('timeoutMs'),
      afterUnknown: settings.value('afterUnknown'),
      concurrency: settings.value('concurrency'),
      maxAgeMs: settings.value('maxAgeMs'),
      order: settings.value('order') ?? 'key',
      onFailure: settings.value('onFailure'),
    }
    if (!namePattern.test(name)) return undefined
    const set = Object.entries(given).filter(([, value]) => value !== undefined)
    try {
      return defineAction({
        ...(Object.fromEntries(set) as Omit<ActionDefinition, 'execute'>),
        execute: async () => undefined,
      })
    } catch (error) {
      if (!isMillraceError(error)) throw error
      const [, field = 'name', problem = error.message] =
        /^action [^.]+\.([\w.]+): (.*)$/s.exec(error.message) ?? []
      return settings.problem(field, problem)
    }
  }
}

const maxTags = 16

function lookupTags(settings: ActionSettings): readonly Template[] {
  const given = settings.value('tags') ?? []
  if (!Array.isArray(given) || given.length > maxTags) {
    settings.problem('tags', `must be at most ${maxTags} texts`)
    return []
  }
  return given.flatMap(
    (tag: unknown, i) => settings.templateOf(tag, 'text', `${settings.placeOf('tags')}[${i}]`) ?? [],
  )
}

/** The values of a rule by variable. */
function valuesOf(input: RuleInput): Readonly<Record<string, unknown>> {
  return { ...input }
}

function byFunction(when: (input: RuleInput) => unknown): PreparedObserver['decide'] {
  return (input) => {
    try {
      return when(input) === true ? { kind: 'match' } : { kind: 'no-match' }
    } catch (error) {
      return { kind: 'error', error: error instanceof Error ? error.message : String(error) }
    }
  }
}

/**
 * Checks rules and makes them ready.
 * @throws {@link RuleError} with everything that is wrong with any of them
 */
export function prepareObservers(
  definitions: readonly unknown[],
  place: string,
  around: RuleSurroundings,
): readonly PreparedObserver[] {
  const problems: RuleProblem[] = []
  const names = new Set<string>()
  const prepared = definitions.flatMap((definition, index) => {
    const at = `${place}[${index}]`
    if (!isObject(definition)) {
      problems.push({ place: at, problem: 'must be an observer' })
      return []
    }
    const observer = new ObserverReader(definition, at, around, problems).read()
    if (names.has(observer.name))
      problems.push({ place: `${at}.name`, problem: `${observer.name} is there twice` })
    names.add(observer.name)
    return [observer]
  })
  if (problems.length > 0) throw new RuleError(problems)
  return prepared
}
