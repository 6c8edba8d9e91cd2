import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { withFileLock } from '../../file-lock.mjs'
import { cacheFolder } from '../../services/cache.ts'
import { findOnPath, runInstaller } from '../../services/provision.ts'
import type { Sampler } from '../harness/contest.ts'

const source = fileURLToPath(new URL('go', import.meta.url))

/** Builds the publisher where its sources have changed since. */
async function providePublisher(): Promise<string> {
  const hash = createHash('sha256')
  for (const file of ['main.go', 'go.mod', 'go.sum']) hash.update(readFileSync(join(source, file)))
  const binary = join(cacheFolder('bin'), `nats-go-publisher-${hash.digest('hex').slice(0, 16)}`)
  if (existsSync(binary)) return binary
  if (findOnPath('go') === undefined)
    throw new Error(
      'the yardstick is built with Go, and go is not on PATH. As root: apt-get install -y golang',
    )
  await withFileLock(`${binary}.lock`, async () => {
    if (!existsSync(binary)) await runInstaller(['go', 'build', '-C', source, '-trimpath', '-o', binary, '.'])
  })
  return binary
}

/** What the publisher publishes, and where. */
export interface GoPublisherOptions {
  readonly url: string
  /** A stream that takes every subject that begins with its name; without headers, a beginning of such subjects will do. */
  readonly stream: string
  readonly inFlight: number
  readonly payloadBytes: number
  /** Of every message, which then has an id and a guard as well. @defaultValue no headers, no checks */
  readonly headers?: Readonly<Record<string, string>>
}

/** nats.go in a process of its own: publishes for as long as it is told, again and again. */
export class GoPublisher implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  private constructor(child: ChildProcess, lines: AsyncIterator<string>) {
    this.#child = child
    this.#lines = lines
  }

  static async start(options: GoPublisherOptions): Promise<GoPublisher> {
    const { url, stream, inFlight, payloadBytes, headers } = options
    const args = [url, stream, String(inFlight), String(payloadBytes)]
    if (headers !== undefined) args.push(JSON.stringify(headers))
    const child = spawn(await providePublisher(), args, { stdio: ['pipe', 'pipe', 'inherit'] })
    await once(child, 'spawn')
    return new GoPublisher(child, createInterface(child.stdout)[Symbol.asyncIterator]())
  }

  readonly sample: Sampler = async (ms) => {
    this.#child.stdin?.write(`${Math.ceil(ms)}\n`)
    const line = await this.#lines.next()
    if (line.done === true) throw new Error('the Go publisher ended')
    return JSON.parse(line.value) as { readonly operations: number; readonly ms: number }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.stdin?.end()
    await gone
  }
}
