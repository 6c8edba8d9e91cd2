import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

import { withFileLock } from '../file-lock.mjs'
import { cacheFolder } from './cache.ts'
import { type Identity, unprivilegedIdentity } from './identity.ts'
import { freePort, host } from './port.ts'
import { findOnPath, isExecutable, runInstaller } from './provision.ts'
import { createServerFolder, ServerProcess } from './server-process.ts'

const installCommand = 'apt-get update && apt-get install -y --no-install-recommends postgresql'
const oldestMajor = 15
/** How long the children of a killed server may keep its memory. */
const orphanTimeoutMs = 15_000

export interface PostgresOptions {
  /** Whether a commit waits for the disk. Tests need not, benchmarks must. @defaultValue `false` */
  readonly durable?: boolean
  /** Further server settings, by their names in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>
}

/**
 * How a server goes down: `fast` drops its clients and writes everything out, `immediate` leaves recovery to the next
 * start, `kill` is SIGKILL.
 */
export type PostgresStop = 'fast' | 'immediate' | 'kill'

const stopSignals = {
  fast: 'SIGINT',
  immediate: 'SIGQUIT',
  kill: 'SIGKILL',
} as const satisfies Record<PostgresStop, NodeJS.Signals>

/** A server of one's own, with one superuser `postgres`, no password, one database `postgres`. */
export class PostgresServer implements AsyncDisposable {
  readonly port: number
  readonly url: string
  readonly #process: ServerProcess

  constructor(process: ServerProcess, port: number) {
    this.#process = process
    this.port = port
    this.url = `postgres://postgres@${host}:${port}/postgres`
  }

  /** Undefined while the server is down. */
  get pid(): number | undefined {
    return this.#process.pid
  }

  /** On the same port, with the data that was there. */
  async start(): Promise<void> {
    const deadline = performance.now() + orphanTimeoutMs
    for (;;) {
      try {
        await this.#process.start()
        return
      } catch (error) {
        if (!String(error).includes('shared memory block') || performance.now() > deadline) throw error
        await sleep(100)
      }
    }
  }

  async stop(how: PostgresStop = 'fast'): Promise<void> {
    await this.#process.stop(stopSignals[how])
  }

  async restart(how: PostgresStop = 'fast'): Promise<void> {
    await this.stop(how)
    await this.start()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]()
  }
}

export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const binaries = await providePostgres()
  const identity = unprivilegedIdentity()
  const folder = createServerFolder('postgres', identity)
  const data = join(folder, 'data')
  await initialize(join(binaries, 'initdb'), data, identity)
  const port = await freePort()
  const process = new ServerProcess({
    name: 'postgres',
    binary: join(binaries, 'postgres'),
    args: ['-D', data, '-p', String(port), ...settingArgs(folder, options)],
    isReady: (pid) => isReady(data, pid),
    folder,
    identity,
    stopSignal: stopSignals.fast,
  })
  await process.start()
  return new PostgresServer(process, port)
}

/**
 * Its port answers during recovery too, with a refusal; the lock file's last line says when that is over. A server that
 * was killed leaves its own lock file behind.
 */
async function isReady(data: string, pid: number): Promise<boolean> {
  const lock = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')
  const lines = lock.split('\n')
  return lines[0] === String(pid) && lines[7]?.trim() === 'ready'
}

function settingArgs(folder: string, { durable = false, settings = {} }: PostgresOptions): string[] {
  const sync = durable ? 'on' : 'off'
  const all = {
    listen_addresses: host,
    unix_socket_directories: folder,
    max_connections: '300',
    fsync: sync,
    full_page_writes: sync,
    synchronous_commit: sync,
    ...settings,
  }
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

async function initialize(initdb: string, data: string, identity: Identity | undefined): Promise<void> {
  const locale = process.platform === 'linux' ? 'C.UTF-8' : 'C'
  const args = ['-D', data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', `--locale=${locale}`, '--no-sync']
  await promisify(execFile)(initdb, args, { cwd: join(data, '..'), ...identity })
}

/** The folder of `initdb` and `postgres`; installs them where that needs nobody's leave. */
async function providePostgres(): Promise<string> {
  const found = findPostgres()
  if (found !== undefined) return found
  const installer = aptCommand()
  if (installer !== undefined) {
    await withFileLock(join(cacheFolder(), 'apt.lock'), async () => {
      if (findPostgres() === undefined) await runInstaller(installer, { DEBIAN_FRONTEND: 'noninteractive' })
    })
    const installed = findPostgres()
    if (installed !== undefined) return installed
  }
  throw new Error(`no Postgres from ${oldestMajor} on was found. As root: ${installCommand}`)
}

function aptCommand(): readonly [string, ...string[]] | undefined {
  if (findOnPath('apt-get') === undefined) return undefined
  if (process.getuid?.() === 0) return ['sh', '-ec', installCommand]
  // On a person's own machine a password prompt, or an install nobody asked for, would be wrong.
  return process.env['CI'] === undefined ? undefined : ['sudo', '-n', 'sh', '-ec', installCommand]
}

/** Debian keeps the server out of PATH, one folder for each major version; the newest is taken. */
function findPostgres(): string | undefined {
  const versions = '/usr/lib/postgresql'
  const majors = existsSync(versions) ? readdirSync(versions).map(Number) : []
  const folders = majors
    .filter((major) => major >= oldestMajor)
    .toSorted((a, b) => b - a)
    .map((major) => join(versions, String(major), 'bin'))
  const onPath = findOnPath('initdb')
  if (onPath !== undefined) folders.push(join(onPath, '..'))
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => isExecutable(join(folder, name))))
}
