import { join } from 'node:path'

import { withFileLock } from '../file-lock.mjs'
import { cacheFolder } from './cache.ts'
import { findOnPath, runInstaller } from './provision.ts'

const names = [
  'chromium-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
]
const packages = ['chromium-headless-shell', 'chromium']
const byHand = 'apt-get install -y --no-install-recommends chromium-headless-shell'

function installed(): string | undefined {
  const named = process.env['MILLRACE_CHROMIUM']
  if (named !== undefined && named !== '') return named
  return names.map(findOnPath).find((file) => file !== undefined)
}

async function installWithApt(): Promise<void> {
  await runInstaller(['apt-get', 'update', '-q'])
  const failures: unknown[] = []
  for (const name of packages) {
    try {
      await runInstaller(['apt-get', 'install', '-y', '-q', '--no-install-recommends', name], {
        DEBIAN_FRONTEND: 'noninteractive',
      })
      return
    } catch (error) {
      failures.push(error)
    }
  }
  throw new AggregateError(failures, 'apt-get has installed no Chromium')
}

/**
 * The path of a Chromium: `MILLRACE_CHROMIUM`, else one on PATH, else one installed now where we may. Two test runs
 * that need it at once install it once.
 */
export async function provideChromium(): Promise<string> {
  const found = installed()
  if (found !== undefined) return found
  if (findOnPath('apt-get') === undefined || process.getuid?.() !== 0)
    throw new Error(`the browser tests need Chromium: ${byHand}, or name one in MILLRACE_CHROMIUM`)
  return withFileLock(join(cacheFolder(), 'chromium.lock'), async () => {
    if (installed() === undefined) await installWithApt()
    const file = installed()
    if (file === undefined) throw new Error(`no Chromium was found after its installation; try: ${byHand}`)
    return file
  })
}
