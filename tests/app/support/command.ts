import { spawn } from 'node:child_process'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

import { run } from '@millrace/cli'
import type { CliIo } from '@millrace/cli'

/** What a command left behind. */
export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Takes what is written, and shows it at any time. */
class Sink extends Writable {
  text = ''
  isTTY = false

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

/** Surroundings of a command in this process. */
export interface InProcess {
  readonly io: CliIo
  readonly stdout: Sink
  readonly stderr: Sink
  /** Ctrl-C. */
  readonly interrupt: () => void
}

/** Surroundings with nothing of this process in them. */
export function surroundings(env: CliIo['env'] = {}, cwd = '/'): InProcess {
  const stdout = new Sink()
  const stderr = new Sink()
  const interrupted = new AbortController()
  const io: CliIo = { stdout, stderr, env, cwd, user: 'cli:ann', interrupted: () => interrupted.signal }
  return { io, stdout, stderr, interrupt: () => interrupted.abort() }
}

/** Runs a command in this process. */
export async function millrace(argv: readonly string[], env: CliIo['env'] = {}, cwd = '/'): Promise<Outcome> {
  const { io, stdout, stderr } = surroundings(env, cwd)
  const code = await run(argv, io)
  return { code, stdout: stdout.text, stderr: stderr.text }
}

const main = fileURLToPath(new URL('../../../packages/cli/src/main.ts', import.meta.url))
const serveShop = fileURLToPath(new URL('../fixtures/serve-shop.ts', import.meta.url))

/** A command as a process of its own. */
export interface CommandProcess {
  readonly kill: (signal: NodeJS.Signals) => void
  readonly stdout: () => string
  readonly closeStdout: () => void
  readonly outcome: Promise<Outcome & { readonly signal: NodeJS.Signals | null }>
}

function spawnNode(args: readonly string[], env: CliIo['env'], cwd: string): CommandProcess {
  const child = spawn(process.execPath, ['--conditions=@millrace/source', ...args], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const outcome = new Promise<Outcome & { readonly signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code: code ?? -1, signal, stdout, stderr }))
  })
  return {
    kill: (signal) => child.kill(signal),
    stdout: () => stdout,
    closeStdout: () => child.stdout.destroy(),
    outcome,
  }
}

/** Starts a command as a process of its own. */
export function spawnMillrace(argv: readonly string[], env: CliIo['env'] = {}, cwd = '/'): CommandProcess {
  return spawnNode([main, ...argv], env, cwd)
}

/** Starts a shop whose deliveries fail, as a process of its own; it writes `ready` when it is served. */
export function spawnShop(env: CliIo['env']): CommandProcess {
  return spawnNode([serveShop], env, '/')
}
