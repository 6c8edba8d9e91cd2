import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const names = ['millrace.config.ts', 'millrace.config.mts', 'millrace.config.js', 'millrace.config.mjs']

/** The nearest configuration file in a folder or above it; undefined where there is none. */
export function findConfig(folder: string): string | undefined {
  let at = resolve(folder)
  for (;;) {
    const here = at
    const found = names.map((name) => join(here, name)).find((file) => existsSync(file))
    if (found !== undefined) return found
    const parent = dirname(at)
    if (parent === at) return undefined
    at = parent
  }
}
