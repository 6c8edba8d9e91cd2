import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import type { CliIo } from '@millrace/cli'
import type { Outcome } from '@millrace/tools/cli'

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
