import { ConfigurationError } from '@millrace/contracts'

/** Where a setting's value came from; the later ones win over the earlier ones. */
export type SettingOrigin = 'default' | 'code' | 'environment' | 'option'

/** One setting with its origin. */
export interface Setting<Value> {
  readonly value: Value
  readonly origin: SettingOrigin
  /** The environment variable that sets it. */
  readonly variable: string
}

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

interface Sources<Value> {
  readonly variable: string
  readonly option: Value | undefined
  readonly environment: Value | undefined
  readonly code: Value | undefined
  readonly fallback: Value
}

/** The value of the nearest source that has one. */
export function chooseSetting<Value>(sources: Sources<Value>): Setting<Value> {
  const { variable, option, environment, code, fallback } = sources
  if (option !== undefined) return { value: option, origin: 'option', variable }
  if (environment !== undefined) return { value: environment, origin: 'environment', variable }
  if (code !== undefined) return { value: code, origin: 'code', variable }
  return { value: fallback, origin: 'default', variable }
}

/** An empty variable counts as not set. */
export function readVariable(env: Environment, variable: string): string | undefined {
  const text = env[variable]?.trim()
  return text === '' ? undefined : text
}

/** Yes or no. @throws {@link ConfigurationError} naming the variable */
export function readFlag(env: Environment, variable: string): boolean | undefined {
  const text = readVariable(env, variable)
  if (text === undefined) return undefined
  if (text !== 'true' && text !== 'false')
    throw new ConfigurationError(variable, `must be true or false, is ${JSON.stringify(text)}`)
  return text === 'true'
}

/** A whole number within a range. @throws {@link ConfigurationError} naming the variable */
export function readNumber(
  env: Environment,
  variable: string,
  range: readonly [number, number],
): number | undefined {
  const text = readVariable(env, variable)
  if (text === undefined) return undefined
  const [min, max] = range
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max))
    throw new ConfigurationError(
      variable,
      `must be a whole number from ${min} to ${max}, is ${JSON.stringify(text)}`,
    )
  return value
}
