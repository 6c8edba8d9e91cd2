import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

import { ConfigurationError, isMillraceError, noMetrics } from '@millrace/contracts'
import { RuleError } from '@millrace/observers'
import type { RuleProblem } from '@millrace/observers'

import type { AppDefinition } from '../definition/app-definition.ts'
import { defineApp } from '../definition/define-app.ts'
import type { RuleProblemView } from '../management/observer-views.ts'
import { problemView } from '../management/operate-observers.ts'
import { openAppObservers } from '../observers/open-app-observers.ts'
import type { RunningRules } from '../observers/running-rules.ts'
import type { App } from '../open/app.ts'
import { openApp } from '../open/open-app.ts'
import { OpenSearchIndexes } from '../search-indexes/app-search-indexes.ts'
import { readTokenHolders } from '../settings/principals.ts'
import { loadSecrets, ownSecrets, readSecrets, readToken } from '../settings/secrets.ts'
import type { Environment } from '../settings/setting.ts'
import { resolveSettings } from '../settings/settings.ts'
import type { Settings } from '../settings/settings.ts'
import { loadConfig } from './load-config.ts'

/** A rule that lies in the app's database. */
export interface StoredRule {
  readonly name: string
  readonly definition: unknown
}

/** What {@link validateConfig} checks. */
export interface ConfigRequest {
  /** A configuration file. */
  readonly file: string
  readonly env: Environment
  /** Where relative paths begin. */
  readonly cwd: string
  readonly dataDir?: string
  /** Reads the rules of the database; not called where those of code and files are wrong. @defaultValue there are none */
  readonly readStored?: () => Promise<readonly StoredRule[]>
}

/** What is wrong with a configuration. */
export interface ConfigReport {
  readonly file: string
  /** The app's name; null where its definition is refused. */
  readonly app: string | null
  /** How many rules of observers were checked. */
  readonly rules: number
  /** Empty where all is well. */
  readonly problems: readonly RuleProblemView[]
}

/** A place, and everything but it of an error's text. */
function problemOf(error: unknown, place: string): readonly RuleProblem[] {
  if (error instanceof RuleError) return error.problems
  const message = error instanceof Error ? error.message : String(error)
  if (!(error instanceof ConfigurationError)) return [{ place, problem: message }]
  return [{ place: error.setting, problem: message.slice(error.setting.length + 2) }]
}

interface Checked {
  readonly settings: Settings | undefined
  /** Without the variables that are wrong. */
  readonly env: Environment
  readonly problems: readonly RuleProblem[]
}

/** Settings are read one after the other: one that is refused is left out, to find those behind it. */
function checkSettings(
  definition: AppDefinition,
  { env, cwd, dataDir }: ConfigRequest,
  problems: readonly RuleProblem[] = [],
): Checked {
  try {
    const given = dataDir === undefined ? { cwd } : { cwd, dataDir }
    const settings = resolveSettings(definition.settings, env, given)
    readTokenHolders(env)
    readToken(settings.dataDir.value, env)
    readSecrets({ ...definition.secrets, ...ownSecrets }, settings.dataDir.value, env)
    return { settings, env, problems }
  } catch (error) {
    if (!isMillraceError(error)) throw error
    const all = [...problems, ...problemOf(error, 'settings')]
    const variable = error instanceof ConfigurationError ? error.setting : ''
    if (env[variable] === undefined) return { settings: undefined, env, problems: all }
    const rest = { file: '', env: { ...env, [variable]: undefined }, cwd }
    return checkSettings(definition, dataDir === undefined ? rest : { ...rest, dataDir }, all)
  }
}

/** A secret that the first start would generate is as good as there. */
function secretReader(definition: AppDefinition, { settings, env }: Checked, scratch: App) {
  const definitions = { ...definition.secrets, ...ownSecrets }
  const folder = settings?.dataDir.value
  const generated = loadSecrets(definitions, scratch.settings.dataDir.value, env)
  const known =
    folder === undefined ? generated : { ...generated, ...defined(readSecrets(definitions, folder, env)) }
  return (name: string): string | undefined => {
    const [own = name] =
      Object.entries(definition.secrets).find(([, { variable }]) => variable === name) ?? []
    return known[own]?.value ?? env[name]
  }
}

function defined<Value>(
  values: Readonly<Record<string, Value | undefined>>,
): Readonly<Record<string, Value>> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

/** The app's rules, loaded beside an app that is empty: nothing of them runs. */
async function loadRules(
  definition: AppDefinition & { readonly observers: NonNullable<AppDefinition['observers']> },
  checked: Checked,
  scratch: App,
): Promise<RunningRules> {
  const secretOf = secretReader(definition, checked, scratch)
  const { store, database, cache, dedup, queue, search, changes } = scratch
  const secret = (name: string): string => {
    const value = secretOf(name)
    if (value === undefined) throw new ConfigurationError(`secret ${name}`, 'is not there')
    return value
  }
  const settings = checked.settings ?? scratch.settings
  const parts = {
    store,
    database,
    settings,
    secret,
    cache,
    dedup,
    queue,
    search,
    changes,
    metrics: noMetrics,
  }
  const indices = definition.searchIndexes
  return await openAppObservers({
    definition: definition.observers,
    context: parts,
    searchIndexes: new OpenSearchIndexes({ indices, store: search, database, metrics: noMetrics }),
    secretOf,
    mode: 'inspect',
  })
}

function checkRow(loaded: RunningRules, { name, definition }: StoredRule): readonly RuleProblem[] {
  return loaded.check(definition).map((problem) => ({
    ...problem,
    place: problem.place.replace(/^observer(\[0\])?/, `observer_rules: ${name}`),
  }))
}

async function checkRules(
  definition: AppDefinition,
  checked: Checked,
  readStored: NonNullable<ConfigRequest['readStored']>,
): Promise<{ readonly rules: number; readonly problems: readonly RuleProblem[] }> {
  if (definition.observers === undefined) return { rules: 0, problems: [] }
  const folder = await mkdtemp(join(tmpdir(), 'millrace-validate-'))
  try {
    await using scratch = await openApp(defineApp({ name: 'scratch' }), { env: {}, dataDir: folder })
    await using loaded = await loadRules({ ...definition, observers: definition.observers }, checked, scratch)
    await loaded.sync()
    const own = loaded.list()
    const stored = await readStored()
    const inRows = stored.flatMap((rule) => checkRow(loaded, rule))
    return {
      rules: own.length + stored.length,
      problems: [...own.flatMap((rule) => rule.problems), ...inRows],
    }
  } catch (error) {
    if (!isMillraceError(error)) throw error
    return { rules: 0, problems: problemOf(error, 'observers') }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Loads a configuration and checks it: the definition, settings and environment, and rules with their conditions and templates.
 * The app's stores are not opened; what rules are loaded beside lies in a folder of its own and is gone afterwards.
 *
 * @throws {@link ConfigurationError} naming the file where it cannot be read, or is no configuration
 */
export async function validateConfig(request: ConfigRequest): Promise<ConfigReport> {
  const file = resolve(request.cwd, request.file)
  let definition: AppDefinition
  try {
    definition = await loadConfig(file)
  } catch (error) {
    if (!isMillraceError(error) || (error instanceof ConfigurationError && error.setting === file))
      throw error
    return { file, app: null, rules: 0, problems: problemOf(error, file).map(problemView) }
  }
  const checked = checkSettings(definition, request)
  const { rules, problems } = await checkRules(definition, checked, request.readStored ?? (async () => []))
  const all = [...checked.problems, ...problems]
  return { file, app: definition.name, rules, problems: all.map(problemView) }
}
