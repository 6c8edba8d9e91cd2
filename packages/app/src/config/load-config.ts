import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

import { ConfigurationError, isMillraceError } from '@millrace/contracts'

import type { AppDefinition } from '../definition/app-definition.ts'
import { isAppDefinition } from '../definition/define-app.ts'

const isTypeScript = (file: string): boolean => /\.m?ts$/.test(file)

/** False where this Node cannot run TypeScript by leaving out its types. */
function stripsTypes(): boolean {
  return process.features.typescript !== false && process.features.typescript !== undefined
}

function explain(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

async function importFile(file: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(file).href)
  } catch (cause) {
    if (isMillraceError(cause)) throw cause
    throw new ConfigurationError(file, `cannot be loaded: ${explain(cause)}`, { cause })
  }
}

/**
 * Imports a configuration file and gives its default export. TypeScript files need Node >= 22.18, which leaves out
 * the types by itself; they may hold no syntax that has to be compiled.
 *
 * @throws {@link ConfigurationError} naming the file when it is missing, cannot be loaded or exports something else
 */
export async function loadConfig(path: string): Promise<AppDefinition> {
  const file = resolve(path)
  if (!existsSync(file)) throw new ConfigurationError(file, 'does not exist')
  if (isTypeScript(file) && !stripsTypes())
    throw new ConfigurationError(
      file,
      `Node ${process.versions.node} cannot run TypeScript; use Node 22.18 or later, or a millrace.config.js`,
    )
  const loaded = await importFile(file)
  const definition = (loaded as { readonly default?: unknown }).default
  if (!isAppDefinition(definition))
    throw new ConfigurationError(file, 'must export the result of defineApp() as its default')
  return definition
}
