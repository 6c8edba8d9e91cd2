import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { withFileLock } from '../file-lock.mjs'
import { cacheFolder } from './cache.ts'
import { freePort, host, isListening } from './port.ts'
import { findOnPath, isExecutable, runInstaller } from './provision.ts'
import { createServerFolder, ServerProcess } from './server-process.ts'

const version = 'v2.15.2'
const modulePath = `github.com/nats-io/nats-server/v2@${version}`

/** One server with JetStream and no account system. */
export class NatsServer implements AsyncDisposable {
  readonly port: number
  readonly url: string
  readonly #process: ServerProcess

  constructor(process: ServerProcess, port: number) {
    this.#process = process
    this.port = port
    this.url = `nats://${host}:${port}`
  }

  /** Undefined while the server is down. */
  get pid(): number | undefined {
    return this.#process.pid
  }

  /** On the same port, with the streams that were there. */
  async start(): Promise<void> {
    await this.#process.start()
  }

  async stop(how: 'shutdown' | 'kill' = 'shutdown'): Promise<void> {
    await this.#process.stop(how === 'kill' ? 'SIGKILL' : 'SIGTERM')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]()
  }
}

export async function startNats(): Promise<NatsServer> {
  const binary = await provideNats()
  const folder = createServerFolder('nats', undefined)
  const port = await freePort()
  const process = new ServerProcess({
    name: 'nats-server',
    binary,
    args: ['--addr', host, '--port', String(port), '--jetstream', '--store_dir', folder],
    isReady: () => isListening(port),
    folder,
    identity: undefined,
    stopSignal: 'SIGTERM',
  })
  await process.start()
  return new NatsServer(process, port)
}

/** Built from the Go module of one fixed version: Debian's is years behind, and npm has none. */
async function provideNats(): Promise<string> {
  const folder = cacheFolder('bin')
  const binary = join(folder, `nats-server-${version}`)
  if (isExecutable(binary)) return binary
  if (findOnPath('go') === undefined) {
    throw new Error(
      `nats-server ${version} is built with Go, and go is not on PATH. As root: apt-get install -y golang`,
    )
  }
  await withFileLock(join(folder, 'nats-server.lock'), async () => {
    if (!isExecutable(binary)) await build(folder, binary)
  })
  return binary
}

async function build(folder: string, binary: string): Promise<void> {
  const target = mkdtempSync(join(folder, 'build-'))
  try {
    console.error(`Building nats-server ${version} ...`)
    await runInstaller(['go', 'install', '-trimpath', '-ldflags=-s -w', modulePath], {
      GOBIN: target,
      CGO_ENABLED: '0',
    })
    // A rename: no run ever sees half a binary.
    renameSync(join(target, 'nats-server'), binary)
  } finally {
    rmSync(target, { recursive: true, force: true })
  }
}
