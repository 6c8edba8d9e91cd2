import { resolve } from 'node:path'

import {
  checkToken,
  createManagement,
  defineApp,
  findConfig,
  findServer,
  loadConfig,
  openApp,
  readToken,
  resolveSettings,
  tokenVariable,
} from '@millrace/app'
import type { AppDefinition, Management, ServerFile } from '@millrace/app'
import { ConfigurationError } from '@millrace/contracts'

import { createHttpManagement } from '../http/http-management.ts'
import type { CliIo } from '../io.ts'
import type { GlobalOptions } from './global-options.ts'

/** The app the command is about. */
export interface Target extends AsyncDisposable {
  readonly management: Management
  /** True where nothing can be appended while the command holds the store. */
  readonly still: boolean
  /** What is on this machine; undefined for a server given by its URL. */
  readonly local: LocalTarget | undefined
}

/** The app as it lies on this machine. */
export interface LocalTarget {
  readonly definition: AppDefinition
  readonly dataDir: string
  /** The server that serves it now. */
  readonly server: ServerFile | undefined
}

function checkUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:')
    throw new ConfigurationError('--url', 'must be an http:// or https:// address')
  if (parsed.username !== '' || parsed.password !== '')
    throw new ConfigurationError('--url', 'must hold no user or password; a token goes into MILLRACE_TOKEN')
  if (parsed.pathname !== '/' || parsed.search !== '' || parsed.hash !== '')
    throw new ConfigurationError('--url', 'must end after host and port: http://host:port')
  return parsed.origin
}

/** The token the operator gave, of the two ways the nearer one. */
function givenToken({ token }: GlobalOptions, { env }: CliIo): string | undefined {
  if (token !== undefined) return checkToken('--token', token)
  const fromEnvironment = env[tokenVariable] ?? ''
  return fromEnvironment === '' ? undefined : checkToken(tokenVariable, fromEnvironment)
}

function remote(url: string, token: string | undefined, local?: LocalTarget): Target {
  return {
    management: createHttpManagement({ url, token }),
    still: false,
    local,
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** The app of the configuration, or one that knows nothing of its events. */
export async function findDefinition(options: GlobalOptions, cwd: string): Promise<AppDefinition> {
  const file = options.config === undefined ? findConfig(cwd) : resolve(cwd, options.config)
  // Streams and dead letters can be looked at without knowing the app.
  return file === undefined ? defineApp({ name: 'millrace' }) : loadConfig(file)
}

async function inspect(definition: AppDefinition, dataDir: string, io: CliIo): Promise<Target> {
  const app = await openApp(definition, { env: io.env, dataDir, mode: 'inspect' })
  return {
    management: createManagement(app),
    still: app.storage.kind === 'embedded',
    local: { definition, dataDir, server: undefined },
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  }
}

/** The app that is served, by the URL given or by its data folder; undefined where none is. */
export async function findRunning(options: GlobalOptions, io: CliIo): Promise<Management | undefined> {
  const ownToken = givenToken(options, io)
  if (options.url !== undefined) return remote(checkUrl(options.url), ownToken).management
  const found = await findLocal(options, io)
  if (found.server === undefined) return undefined
  return remote(found.server.url, ownToken ?? readToken(found.dataDir, io.env), found).management
}

/** The app as it lies on this machine, and the server that serves it. */
async function findLocal(options: GlobalOptions, io: CliIo): Promise<LocalTarget> {
  const definition = await findDefinition(options, io.cwd)
  const given = options.data === undefined ? {} : { dataDir: options.data }
  const settings = resolveSettings(definition.settings, io.env, { ...given, cwd: io.cwd })
  const dataDir = settings.dataDir.value
  const server = settings.databaseUrl.value === undefined ? await findServer(dataDir) : undefined
  return { definition, dataDir, server }
}

/**
 * Finds the app: the server of `--url`, else the server that serves the data folder, else the store itself.
 *
 * @throws {@link ConfigurationError} {@link ConnectionError} {@link StoreMissingError} {@link DataFolderLockedError}
 */
export async function openTarget(options: GlobalOptions, io: CliIo): Promise<Target> {
  const ownToken = givenToken(options, io)
  if (options.url !== undefined) return remote(checkUrl(options.url), ownToken)
  const found = await findLocal(options, io)
  const { definition, dataDir, server } = found
  if (server === undefined) return inspect(definition, dataDir, io)
  return remote(server.url, ownToken ?? readToken(dataDir, io.env), found)
}
