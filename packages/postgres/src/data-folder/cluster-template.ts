import { readFile } from 'node:fs/promises'

import { ConfigurationError } from '@millrace/contracts'

const variable = 'MILLRACE_PGLITE_TEMPLATE'

/**
 * What a new embedded database is made from: nothing, which takes seconds, or the copy of one that was never used (PGlite's
 * `dumpDataDir('none')` of the same version), in the file that the environment variable names.
 *
 * @throws {@link ConfigurationError} for a file that cannot be read
 */
export async function clusterTemplate(): Promise<{ readonly loadDataDir?: File }> {
  const path = process.env[variable]
  if (path === undefined || path === '') return {}
  try {
    return { loadDataDir: new File([await readFile(path)], 'template.tar', { type: 'application/x-tar' }) }
  } catch (cause) {
    throw new ConfigurationError(variable, 'must name a file that can be read', { cause })
  }
}
