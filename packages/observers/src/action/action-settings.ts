import type { ConditionFields } from '../condition/condition-type.ts'
import { RuleError } from '../errors/rule-error.ts'
import type { RuleProblem } from '../errors/rule-error.ts'
import type { Secrets } from '../secret/secrets.ts'
import { compileJsonTemplate, compileTemplate, secretVariable } from '../template/compile-template.ts'
import type { JsonTemplate, Template } from '../template/compile-template.ts'
import type { TemplatePlace } from '../template/escape.ts'

/** The settings of one action or observer as they were written: nothing about them is trusted. */
export type RawSettings = Readonly<Record<string, unknown>>

/** What settings are read with. */
export interface SettingsScope {
  readonly place: string
  readonly variables: ConditionFields
  readonly secrets: Secrets
  /** Gets whatever is wrong. */
  readonly problems: RuleProblem[]
}

/**
 * Reads settings, each with its place in errors. What is wrong is noted and the reading goes on, so that all problems are told
 * at once; a value that was refused reads as if it were not there.
 */
export class ActionSettings {
  readonly #raw: RawSettings
  readonly #scope: SettingsScope
  readonly #read = new Set<string>()
  readonly #secretNames = new Set<string>()
  readonly #variableNames = new Set<string>()

  constructor(raw: RawSettings, scope: SettingsScope) {
    this.#raw = raw
    this.#scope = scope
  }

  /** Secrets that its templates name. */
  get secretNames(): ReadonlySet<string> {
    return this.#secretNames
  }

  /** Variables that its templates name. */
  get variableNames(): ReadonlySet<string> {
    return this.#variableNames
  }

  placeOf(name: string): string {
    return `${this.#scope.place}.${name}`
  }

  /** Notes that a setting is wrong. */
  problem(name: string, problem: string): undefined {
    this.#scope.problems.push({ place: this.placeOf(name), problem })
    return undefined
  }

  /** As it was written. */
  value(name: string): unknown {
    this.#read.add(name)
    return Object.hasOwn(this.#raw, name) ? this.#raw[name] : undefined
  }

  text(name: string): string | undefined {
    const value = this.value(name)
    if (value === undefined || typeof value === 'string') return value
    return this.problem(name, 'must be text')
  }

  required(name: string): string {
    const value = this.text(name)
    if (value === undefined && this.value(name) === undefined) this.problem(name, 'is missing')
    return value ?? ''
  }

  whole(name: string, bounds: readonly [low: number, high: number]): number | undefined {
    const value = this.value(name)
    const [low, high] = bounds
    if (value === undefined) return undefined
    if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value
    return this.problem(name, `must be a whole number from ${low} to ${high}`)
  }

  flag(name: string): boolean | undefined {
    const value = this.value(name)
    if (value === undefined || typeof value === 'boolean') return value
    return this.problem(name, 'must be true or false')
  }

  choice<const Option extends string>(name: string, options: readonly Option[]): Option | undefined {
    const value = this.value(name)
    if (value === undefined) return undefined
    const found = options.find((option) => option === value)
    return found ?? this.problem(name, `must be one of ${options.join(', ')}`)
  }

  /** Names and values. */
  object(name: string): RawSettings | undefined {
    const value = this.value(name)
    if (value === undefined) return undefined
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as RawSettings
    return this.problem(name, 'must be names and values')
  }

  /** A text with values; undefined where there is none or it is wrong. */
  template(name: string, place: TemplatePlace): Template | undefined {
    const text = this.text(name)
    return text === undefined ? undefined : this.templateOf(text, place, this.placeOf(name))
  }

  templateOf(text: unknown, place: TemplatePlace, at: string): Template | undefined {
    return this.#compile(
      () => compileTemplate(text as string, this.#variables, { for: place, place: at }),
      at,
    )
  }

  /** A JSON value whose texts are templates. */
  json(name: string, place: 'text' | 'slack' = 'text'): JsonTemplate | undefined {
    const value = this.value(name)
    return value === undefined ? undefined : this.jsonOf(value, this.placeOf(name), place)
  }

  jsonOf(value: unknown, at: string, place: 'text' | 'slack' = 'text'): JsonTemplate | undefined {
    return this.#compile(() => compileJsonTemplate(value, this.#variables, { place: at, for: place }), at)
  }

  /** Notes everything that nobody read: a misspelt setting must not be passed over. */
  refuseOthers(): void {
    for (const name of Object.keys(this.#raw))
      if (!this.#read.has(name) && this.#raw[name] !== undefined)
        this.problem(name, `unknown setting; there are ${[...this.#read].join(', ')}`)
  }

  get #variables(): ConditionFields {
    return { ...this.#scope.variables, [secretVariable]: { map: 'string' } }
  }

  #compile<T extends { readonly secrets: ReadonlySet<string>; readonly variables: ReadonlySet<string> }>(
    compile: () => T,
    place: string,
  ): T | undefined {
    try {
      const compiled = compile()
      for (const name of compiled.variables) this.#variableNames.add(name)
      for (const name of compiled.secrets) this.#secret(name, place)
      return compiled
    } catch (error) {
      if (!(error instanceof RuleError)) throw error
      this.#scope.problems.push(...error.problems)
      return undefined
    }
  }

  #secret(name: string, place: string): void {
    this.#secretNames.add(name)
    if (this.#scope.secrets.get(name) === undefined)
      this.#scope.problems.push({ place, problem: `there is no secret ${name}` })
  }
}
