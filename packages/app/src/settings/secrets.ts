import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

import { ConfigurationError } from '@millrace/contracts'
import { z } from 'zod'

import type { Environment } from './setting.ts'

/** A secret an app needs. */
export interface SecretDefinition {
  /** The environment variable that sets it; it wins over the secrets file. */
  readonly variable: string
  /** Written before the generated part, for example `whsec_`. @defaultValue none */
  readonly prefix?: string
}

/** Secrets by name. */
export type SecretDefinitions = Readonly<Record<string, SecretDefinition>>

/** One secret. Never print `value` unless the operator asked for it by name. */
export interface Secret {
  readonly value: string
  /** `file`: the secrets file of the data folder. */
  readonly origin: 'environment' | 'file'
}

/** The secrets every app has: what signs incoming webhooks. */
export const ownSecrets: { readonly webhookSecret: SecretDefinition } = {
  webhookSecret: { variable: 'MILLRACE_WEBHOOK_SECRET' },
}

/** The variable that holds the token of the management API. Never generated: without it, loopback needs none. */
export const tokenVariable = 'MILLRACE_TOKEN'
const tokenName = 'token'
const fileName = 'secrets.json'
const content = z.strictObject({ version: z.literal(1), secrets: z.record(z.string(), z.string().min(1)) })

type SecretsByName = Readonly<Record<string, string>>

/** Where the secrets of a data folder lie; readable by its owner only. */
export function secretsFile(dataDir: string): string {
  return join(dataDir, fileName)
}

/** Without the parser's words: they would quote the file. */
function readFile(file: string): SecretsByName {
  if (!existsSync(file)) return {}
  try {
    return content.parse(JSON.parse(readFileSync(file, 'utf8'))).secrets
  } catch {
    throw new ConfigurationError(
      file,
      'must be {"version":1,"secrets":{"name":"text"}}; restore it, or remove it to have new secrets generated',
    )
  }
}

/** Refused where another process has created the file since it was looked for. */
function createFile(temporary: string, file: string): boolean {
  try {
    linkSync(temporary, file)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    // A file system without links: then the last one to start wins.
    renameSync(temporary, file)
    return true
  }
}

/** Adds what the file does not hold yet. Readers find it complete at any time; of two first starts one decides. */
function addToFile(file: string, fresh: SecretsByName): void {
  const isNew = !existsSync(file)
  const secrets = { ...fresh, ...readFile(file) }
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
  try {
    writeFileSync(temporary, `${JSON.stringify({ version: 1, secrets }, undefined, 2)}\n`, { mode: 0o600 })
    chmodSync(temporary, 0o600)
    if (!isNew) renameSync(temporary, file)
    else if (!createFile(temporary, file)) addToFile(file, fresh)
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** A secret from outside must be usable; too short a one would only look like protection. */
function fromEnvironment(env: Environment, variable: string): string | undefined {
  const value = env[variable]
  if (value === undefined || value === '') return undefined
  if (value.length < 8) throw new ConfigurationError(variable, 'must be at least 8 characters')
  return value
}

/** The secrets that are there: from the environment, else from the file. Generates nothing. */
export function readSecrets(
  definitions: SecretDefinitions,
  dataDir: string,
  env: Environment,
): Readonly<Record<string, Secret | undefined>> {
  const stored = readFile(secretsFile(dataDir))
  const find = (name: string, variable: string): Secret | undefined => {
    const own = fromEnvironment(env, variable)
    if (own !== undefined) return { value: own, origin: 'environment' }
    const kept = stored[name]
    return kept === undefined ? undefined : { value: kept, origin: 'file' }
  }
  return Object.fromEntries(
    Object.entries(definitions).map(([name, { variable }]) => [name, find(name, variable)]),
  )
}

/**
 * The secrets of an app, complete: what neither the environment nor the file of the data folder holds is generated
 * (32 random bytes) and kept in the file with mode 600.
 */
export function loadSecrets(
  definitions: SecretDefinitions,
  dataDir: string,
  env: Environment,
): Readonly<Record<string, Secret>> {
  const found = readSecrets(definitions, dataDir, env)
  const missing = Object.entries(definitions).filter(([name]) => found[name] === undefined)
  if (missing.length > 0) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    const file = secretsFile(dataDir)
    const fresh: SecretsByName = Object.fromEntries(
      missing.map(([name, { prefix = '' }]) => [name, `${prefix}${randomBytes(32).toString('base64')}`]),
    )
    addToFile(file, fresh)
  }
  const complete = readSecrets(definitions, dataDir, env)
  return Object.fromEntries(
    Object.entries(complete).flatMap(([name, secret]) => (secret === undefined ? [] : [[name, secret]])),
  )
}

/**
 * A token that a request can carry: `Authorization: Bearer <token>` holds no spaces and nothing beyond ASCII.
 *
 * @throws {@link ConfigurationError} naming the setting, never the token
 */
export function checkToken(setting: string, token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw new ConfigurationError(setting, 'the token must be printable ASCII characters without spaces')
}

/**
 * The token of the management API: from the environment, else put into the secrets file by hand; never generated.
 *
 * @throws {@link ConfigurationError} for one that no request can carry
 */
export function readToken(dataDir: string, env: Environment): string | undefined {
  const token = readSecrets({ [tokenName]: { variable: tokenVariable } }, dataDir, env)[tokenName]
  if (token === undefined) return undefined
  return checkToken(token.origin === 'file' ? secretsFile(dataDir) : tokenVariable, token.value)
}
