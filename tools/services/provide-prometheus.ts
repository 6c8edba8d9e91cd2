import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { withFileLock } from '../file-lock.mjs'
import { cacheFolder } from './cache.ts'
import { findOnPath, isExecutable, runInstaller } from './provision.ts'

/** The programs of Prometheus, by path. */
export interface PrometheusPrograms {
  readonly prometheus: string
  readonly promtool: string
}

const downloadCommand = 'apt-get download prometheus'
const byHand = `apt-get update && ${downloadCommand} && dpkg -x prometheus_*.deb FOLDER, and name FOLDER/usr/bin/prometheus in MILLRACE_PROMETHEUS and FOLDER/usr/bin/promtool in MILLRACE_PROMTOOL`

function programIn(folder: string, name: keyof PrometheusPrograms): string | undefined {
  const named = process.env[`MILLRACE_${name.toUpperCase()}`]
  if (named !== undefined && named !== '') return named
  const unpacked = join(folder, 'usr', 'bin', name)
  return isExecutable(unpacked) ? unpacked : findOnPath(name)
}

function find(folder: string): PrometheusPrograms | undefined {
  const [prometheus, promtool] = [programIn(folder, 'prometheus'), programIn(folder, 'promtool')]
  return prometheus === undefined || promtool === undefined ? undefined : { prometheus, promtool }
}

/** Only root may ask; on a person's own machine a password prompt would be wrong. */
function updateCommand(): string | undefined {
  if (process.getuid?.() === 0) return 'apt-get update -q'
  return process.env['CI'] === undefined ? undefined : 'sudo -n apt-get update -q'
}

/** Only fetched and unpacked: an install would start a service of its own and bring the scripts of its pages. */
async function download(folder: string): Promise<void> {
  const target = mkdtempSync(join(cacheFolder('prometheus'), 'download-'))
  const inTarget = (command: string): readonly ['sh', '-ec', string] => ['sh', '-ec', command]
  try {
    try {
      await runInstaller(inTarget(`cd '${target}' && ${downloadCommand}`))
    } catch (error) {
      // What packages there are may not be known yet.
      const update = updateCommand()
      if (update === undefined) throw error
      await runInstaller(inTarget(`${update} && cd '${target}' && ${downloadCommand}`))
    }
    const file = readdirSync(target).find((name) => name.endsWith('.deb'))
    if (file === undefined) throw new Error('apt-get has downloaded nothing')
    await runInstaller(['dpkg', '-x', join(target, file), join(target, 'unpacked')])
    rmSync(folder, { recursive: true, force: true })
    // A rename: no run ever sees half a package.
    renameSync(join(target, 'unpacked'), folder)
  } finally {
    rmSync(target, { recursive: true, force: true })
  }
}

/** Prometheus and promtool: named in the environment, on PATH, or unpacked from the distribution's package now. */
export async function providePrometheus(): Promise<PrometheusPrograms> {
  const folder = join(cacheFolder('prometheus'), 'package')
  const found = find(folder)
  if (found !== undefined) return found
  if (findOnPath('apt-get') === undefined || findOnPath('dpkg') === undefined)
    throw new Error(`prometheus and promtool are not on PATH: ${byHand}`)
  return await withFileLock(join(cacheFolder(), 'prometheus.lock'), async () => {
    if (find(folder) === undefined) {
      try {
        await download(folder)
      } catch (cause) {
        throw new Error(`prometheus could not be provided; by hand: ${byHand}`, { cause })
      }
    }
    const programs = find(folder)
    if (programs === undefined) throw new Error(`prometheus is not in its package; by hand: ${byHand}`)
    return programs
  })
}
