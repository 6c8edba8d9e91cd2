import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import type { MemberSettings } from './member-main.ts'

/** One line a member said. */
type Said = Readonly<Record<string, unknown>>

/** A member process, killed with the test. */
export interface Member extends AsyncDisposable {
  readonly said: readonly Said[]
  kill(signal: NodeJS.Signals): void
  /** How it ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

const main = fileURLToPath(new URL('member-main.ts', import.meta.url))

/** Starts a member process; what it writes to standard error comes through. */
export function startMember(settings: MemberSettings): Member {
  const child = spawn(process.execPath, ['--conditions=@millrace/source', main, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said: Said[] = []
  createInterface({ input: child.stdout }).on('line', (line) => said.push(JSON.parse(line) as Said))
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, signal: child.signalCode }))
  return {
    said,
    kill: (signal) => void child.kill(signal),
    ended,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGCONT')
      child.kill('SIGKILL')
      await ended
    },
  }
}
