import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { FailpointName } from '@millrace/contracts'

import { killMeNow } from './kill-me-now.ts'

/** The repository. */
export const rootFolder: string = fileURLToPath(new URL('../../../', import.meta.url))

const main = join(rootFolder, 'apps/inbox/src/main.ts')
const killModule = fileURLToPath(new URL('kill-at-failpoint.ts', import.meta.url))
const readyTimeoutMs = 90_000
const stopTimeoutMs = 20_000

/** The secret of the intake in every inbox started here. */
export const webhookSecret = 'a-secret-for-tests'

/** How an inbox is started. */
export interface StartOptions {
  readonly dataDir: string
  readonly env?: Readonly<Record<string, string>>
  /**
   * Killed with SIGKILL when it comes to this failpoint for the n-th time; with `any`, from outside and a moment after
   * it has passed failpoints n times in all.
   */
  readonly killAt?: { readonly name: FailpointName | 'any'; readonly hit: number }
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** The real inbox as a process of its own. Disposing kills it; its folder stays. */
export class InboxProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #exited: Promise<Exit>
  readonly startedAt: number = performance.now()
  #exit: Exit | undefined
  #stdout = ''
  #stderr = ''

  constructor({ dataDir, env = {}, killAt }: StartOptions) {
    const preload = killAt === undefined ? [] : ['--import', killModule]
    const kill = killAt === undefined ? {} : { MILLRACE_KILL_AT: `${killAt.name}#${killAt.hit}` }
    this.#child = spawn(process.execPath, ['--conditions=@millrace/source', ...preload, main], {
      cwd: rootFolder,
      env: {
        PATH: dirname(process.execPath),
        PORT: '0',
        MILLRACE_DATA: dataDir,
        MILLRACE_WEBHOOK_SECRET: webhookSecret,
        ...kill,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.#stdout += chunk.toString()))
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString()
      if (killAt !== undefined && this.#stderr.includes(killMeNow)) this.#child.kill('SIGKILL')
    })
    this.#exited = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.#exit = { code, signal }
        resolve(this.#exit)
      })
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  /** Resolves when the process has ended and all of its output has been read. */
  exited(): Promise<Exit> {
    return this.#exited
  }

  /** Resolves with its URL when it says `ready`; undefined when it ends before. */
  async ready(): Promise<string | undefined> {
    const said = (): string | undefined => /^ready (\S+)$/m.exec(this.#stdout)?.[1]
    const deadline = performance.now() + readyTimeoutMs
    while (said() === undefined && this.#exit === undefined) {
      if (performance.now() > deadline)
        throw new Error(`not ready after ${readyTimeoutMs} ms:\n${this.#stderr}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    return said()
  }

  /** Asks it to end and waits until it has. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.#child.kill(signal)
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopTimeoutMs)
    const exit = await this.#exited
    clearTimeout(timer)
    return exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL')
  }
}

/** Starts an inbox and waits until it is ready. */
export async function startReady(options: StartOptions): Promise<InboxProcess & { readonly url: string }> {
  const inbox = new InboxProcess(options)
  const url = await inbox.ready()
  if (url === undefined) {
    const { code, signal } = await inbox.exited()
    throw new Error(
      `the inbox ended with ${signal ?? code} before it was ready:\n${inbox.stdout}${inbox.stderr}`,
    )
  }
  return Object.assign(inbox, { url })
}
