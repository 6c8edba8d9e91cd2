import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { cacheFolder } from './cache.ts'
import { type Identity } from './identity.ts'

const guardScript = fileURLToPath(new URL('guard.sh', import.meta.url))
const defaultStartTimeoutMs = 60_000
const stopTimeoutMs = 15_000

export interface ServerCommand {
  readonly name: string
  readonly binary: string
  readonly args: readonly string[]
  /** Its data; removed with the server. */
  readonly folder: string
  readonly identity: Identity | undefined
  /** Whether it serves clients; its port may answer earlier. */
  readonly isReady: (pid: number) => Promise<boolean>
  /** Ends the server at once and in order, dropping its clients. */
  readonly stopSignal: NodeJS.Signals
  /** Further variables of its environment. @defaultValue none */
  readonly env?: NodeJS.ProcessEnv
  /** Whether signals go to its children too: a launcher may be what is started. @defaultValue false */
  readonly group?: boolean
  /** @defaultValue 60_000 */
  readonly startTimeoutMs?: number
}

interface Running {
  readonly child: ChildProcess
  readonly guard: ChildProcess
}

/** One server: started, stopped and started again on the same port and folder; gone when its starter is. */
export class ServerProcess implements AsyncDisposable {
  readonly #command: ServerCommand
  #running: Running | undefined

  constructor(command: ServerCommand) {
    this.#command = command
  }

  /** Undefined while the server is down. */
  get pid(): number | undefined {
    return this.#running?.child.pid
  }

  /** Resolves when the server is ready. */
  async start(): Promise<void> {
    if (this.#running !== undefined) throw new Error(`${this.#command.name} is running`)
    const { binary, args, folder, identity, env } = this.#command
    const child = spawn(binary, args, {
      cwd: folder,
      // Out of our process group: Ctrl-C must reach the server through us, in our order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, HOME: folder, ...env },
      ...identity,
    })
    const output = tailOf(child)
    await spawned(child, binary)
    this.#running = { child, guard: startGuard(child, this.#command) }
    child.once('exit', () => {
      this.#released()
    })
    await this.#ready(child.pid ?? 0, output)
  }

  /** Resolves when the process has ended; does nothing when it is down. */
  async stop(signal: NodeJS.Signals = this.#command.stopSignal): Promise<void> {
    const child = this.#running?.child
    if (child === undefined) return
    const gone = once(child, 'exit')
    this.#signal(child, signal)
    // A paused process takes no other signal before this one.
    this.#signal(child, 'SIGCONT')
    const late = sleep(stopTimeoutMs, 'late' as const, { ref: false })
    if ((await Promise.race([gone, late])) === 'late') {
      this.#signal(child, 'SIGKILL')
      await gone
    }
    // What was launched may outlive its launcher for a moment, and hold its files.
    while (this.#command.group === true && signalGroup(child, 0)) await sleep(5)
  }

  /** Resolves when the process stands still; its connections stay open. */
  async pause(): Promise<void> {
    const { pid } = this
    if (pid === undefined) throw new Error(`${this.#command.name} is not running`)
    process.kill(pid, 'SIGSTOP')
    // The signal reaches the threads of a process one after the other.
    while (!isStopped(pid)) await sleep(1)
  }

  /** Does nothing to a server that is down. */
  resume(): void {
    this.#running?.child.kill('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    removeFolder(this.#command.folder)
  }

  #signal(child: ChildProcess, signal: NodeJS.Signals): void {
    if (this.#command.group === true) signalGroup(child, signal)
    else child.kill(signal)
  }

  async #ready(pid: number, output: () => string): Promise<void> {
    const { name, isReady, startTimeoutMs = defaultStartTimeoutMs } = this.#command
    const deadline = performance.now() + startTimeoutMs
    while (!(await isReady(pid))) {
      if (this.#running === undefined) throw new Error(`${name} ended while starting:\n${output()}`)
      if (performance.now() > deadline) {
        await this.stop('SIGKILL')
        throw new Error(`${name} was not ready after ${startTimeoutMs / 1000} s:\n${output()}`)
      }
      await sleep(20)
    }
  }

  #released(): void {
    this.#running?.guard.stdin?.end('\n')
    this.#running = undefined
  }
}

/**
 * A new folder for one server's data, named after its starter. Folders whose starter is gone go now: a guard removes
 * them at once, but no guard outlives a restart of the machine.
 */
export function createServerFolder(name: string, identity: Identity | undefined): string {
  const parent = cacheFolder('run')
  for (const entry of readdirSync(parent)) {
    const starter = Number(entry.split('-')[1])
    if (!isAlive(starter)) removeFolder(join(parent, entry))
  }
  const folder = mkdtempSync(join(parent, `${name}-${process.pid}-`))
  if (identity !== undefined) chownSync(folder, identity.uid, identity.gid)
  return folder
}

/** Several tries: a server that was killed leaves children that write for a moment longer. */
function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** False where nothing is left of the child and what it has started. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  try {
    if (pid !== undefined) process.kill(-pid, signal)
    return pid !== undefined
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}

function isStopped(pid: number): boolean {
  const file = `/proc/${pid}/stat`
  if (!existsSync(file))
    return execFileSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('T')
  const stat = readFileSync(file, 'utf8')
  // The state comes after the name, which is in parentheses and may hold spaces (proc(5)).
  return stat.charAt(stat.lastIndexOf(')') + 2) === 'T'
}

function startGuard(child: ChildProcess, { stopSignal, folder }: ServerCommand): ChildProcess {
  const args = [guardScript, String(child.pid), stopSignal.replace('SIG', ''), folder]
  const guard = spawn('/bin/sh', args, { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  guard.unref()
  // The pipe breaks when the guard was killed before us; then there is nobody left to tell.
  guard.stdin.on('error', () => undefined)
  return guard
}

async function spawned(child: ChildProcess, binary: string): Promise<void> {
  try {
    await once(child, 'spawn')
  } catch (error) {
    throw new Error(`${binary} cannot be started`, { cause: error })
  }
}

function tailOf(child: ChildProcess): () => string {
  let tail = ''
  const keep = (chunk: Buffer): void => {
    tail = (tail + chunk.toString()).slice(-4000)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  return () => tail
}
