import { createConnection } from 'node:net'
import { join } from 'node:path'

import { withFileLock } from '../file-lock.mjs'
import { cacheFolder } from './cache.ts'
import { OwnServer } from './own-server.ts'
import { freePort, host } from './port.ts'
import { findOnPath, runInstaller } from './provision.ts'
import { createServerFolder, ServerProcess } from './server-process.ts'

const installCommand = 'apt-get update && apt-get install -y --no-install-recommends redis-server'

/** Options of {@link startRedis}. */
export interface RedisServerOptions {
  /**
   * Whether what was acknowledged outlives a `kill`: every write is synced to the disk. Without it a server that is
   * started again begins empty. @defaultValue `false`
   */
  readonly durable?: boolean
  /** Further server settings, by their names in redis.conf. */
  readonly settings?: Readonly<Record<string, string>>
}

/** A server of one's own, without password. Begins empty after a `kill` unless it is durable. */
export class RedisServer extends OwnServer {
  constructor(process: ServerProcess, port: number) {
    super(process, { scheme: 'redis', port })
  }
}

export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const binary = await provideRedis()
  const folder = createServerFolder('redis', undefined)
  const port = await freePort()
  const process = new ServerProcess({
    name: 'redis-server',
    binary,
    args: settingArgs({ folder, port }, options),
    isReady: async () => await answersPing(port),
    folder,
    identity: undefined,
    stopSignal: 'SIGTERM',
  })
  await process.start()
  return new RedisServer(process, port)
}

function settingArgs(
  { folder, port }: { readonly folder: string; readonly port: number },
  { durable = false, settings = {} }: RedisServerOptions,
): string[] {
  const all = {
    bind: host,
    port: String(port),
    dir: folder,
    daemonize: 'no',
    save: '',
    appendonly: durable ? 'yes' : 'no',
    appendfsync: 'always',
    ...settings,
  }
  return Object.entries(all).flatMap(([name, value]) => [`--${name}`, value])
}

/** A server that still loads its data answers with an error, and is not ready. */
async function answersPing(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = createConnection(port, host).setTimeout(500)
  const settle = (answer: boolean): void => {
    socket.destroy()
    resolve(answer)
  }
  socket.once('connect', () => socket.write('PING\r\n'))
  socket.once('data', (answer) => settle(answer.toString().startsWith('+PONG')))
  socket.once('error', () => settle(false))
  socket.once('timeout', () => settle(false))
  return await promise
}

/** The path of `redis-server`; installs it where that needs nobody's leave. */
async function provideRedis(): Promise<string> {
  const found = findRedis()
  if (found !== undefined) return found
  const installer = aptCommand()
  if (installer !== undefined) {
    await withFileLock(join(cacheFolder(), 'apt.lock'), async () => {
      if (findRedis() === undefined) await runInstaller(installer, { DEBIAN_FRONTEND: 'noninteractive' })
    })
    const installed = findRedis()
    if (installed !== undefined) return installed
  }
  throw new Error(
    `redis-server is not on PATH and not named in MILLRACE_REDIS_SERVER. As root: ${installCommand}`,
  )
}

function findRedis(): string | undefined {
  const named = process.env['MILLRACE_REDIS_SERVER']
  return named === undefined || named === '' ? findOnPath('redis-server') : named
}

function aptCommand(): readonly [string, ...string[]] | undefined {
  if (findOnPath('apt-get') === undefined) return undefined
  if (process.getuid?.() === 0) return ['sh', '-ec', installCommand]
  // On a person's own machine a password prompt, or an install nobody asked for, would be wrong.
  return process.env['CI'] === undefined ? undefined : ['sudo', '-n', 'sh', '-ec', installCommand]
}
