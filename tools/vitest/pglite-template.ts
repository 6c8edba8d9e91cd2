import { existsSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { withFileLock } from '../file-lock.mjs'
import { cacheFolder } from '../services/cache.ts'
import { rootFolder } from '../workspaces.ts'

interface Engine {
  readonly create: () => Promise<{
    readonly dumpDataDir: (compression: 'none') => Promise<Blob>
    readonly close: () => Promise<void>
  }>
}

/**
 * Lets the embedded databases of a run begin as copies of one that is made once on a machine: there are hundreds of them, and
 * each took seconds. What runs in an environment of its own (the inbox under test, for one) makes them as users do.
 */
export async function provideTemplate(): Promise<void> {
  const postgres = createRequire(join(rootFolder, 'packages', 'postgres', 'package.json'))
  const entry = postgres.resolve('@electric-sql/pglite')
  const folder = cacheFolder('pglite')
  const path = join(folder, `empty-${versionOf(entry)}.tar`)
  await withFileLock(join(folder, 'template.lock'), async () => {
    if (!existsSync(path)) await writeTemplate(entry, path)
  })
  process.env['MILLRACE_PGLITE_TEMPLATE'] = path
}

function versionOf(entry: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(entry, '..', '..', 'package.json'), 'utf8'))
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
    return String(manifest.version)
  throw new Error(`no version in the manifest of ${entry}`)
}

async function writeTemplate(entry: string, path: string): Promise<void> {
  // The package is the adapter's own: nothing here depends on it but for this.
  const { PGlite } = (await import(pathToFileURL(entry).href)) as { readonly PGlite: Engine }
  const engine = await PGlite.create()
  const copy = await engine.dumpDataDir('none')
  await engine.close()
  await writeFile(`${path}.unfinished`, Buffer.from(await copy.arrayBuffer()))
  await rename(`${path}.unfinished`, path)
}
