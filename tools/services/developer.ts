import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { rootFolder } from '../workspaces.ts'
import { cacheFolder } from './cache.ts'
import { isAlive } from './server-process.ts'

/** Servers that `npm run services` runs for a developer. */
export interface DeveloperServers {
  readonly postgres: string
  readonly nats: string
}

interface Entry extends DeveloperServers {
  /** The checkout they were started from. */
  readonly root: string
}

const fileOf = (pid: string | number): string => join(cacheFolder('developer'), `${pid}.json`)

/** Lets other commands of this checkout find the servers, until it is disposed of. */
export function announce(servers: DeveloperServers): DeveloperServers & Disposable {
  const file = fileOf(process.pid)
  const entry: Entry = { root: rootFolder, ...servers }
  writeFileSync(file, JSON.stringify(entry))
  return { ...servers, [Symbol.dispose]: () => rmSync(file, { force: true }) }
}

/** The servers that now run for this checkout. */
export function announcedServers(): readonly DeveloperServers[] {
  const entries: Entry[] = []
  for (const name of readdirSync(cacheFolder('developer'))) {
    const pid = name.replace('.json', '')
    // What was killed could not take its file away.
    if (!isAlive(Number(pid))) rmSync(fileOf(pid), { force: true })
    else entries.push(JSON.parse(readFileSync(fileOf(pid), 'utf8')) as Entry)
  }
  return entries.filter(({ root }) => root === rootFolder)
}
