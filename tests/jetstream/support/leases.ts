import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { parsePosition } from '@millrace/contracts'
import type { Advance } from '@millrace/contracts'

/** What a process is started with. */
export interface LeaseSettings {
  readonly target: { readonly servers: readonly string[]; readonly name: string; readonly replicas: number }
  readonly processor: string
  readonly ttlMs: number
  readonly part: 'race' | 'stand-still'
  /** The commit after which a race is over. */
  readonly goal: number
  readonly seed: number
}

/** What a process says. */
export type LeaseNews =
  | { readonly kind: 'granted'; readonly epoch: number }
  | { readonly kind: 'advanced'; readonly epoch: number; readonly commit: number }
  | { readonly kind: 'fenced'; readonly epoch: number; readonly currentEpoch: number | undefined }
  | { readonly kind: 'still' }

/** A process that wants a lease; killed when it is disposed of. */
export interface LeaseProcess extends AsyncDisposable {
  readonly news: readonly LeaseNews[]
  readonly signal: (signal: NodeJS.Signals) => void
  /** Resolves with its exit code. */
  readonly ended: Promise<number | null>
}

const main = fileURLToPath(new URL('lease-main.ts', import.meta.url))

/** What it writes to standard error comes through. */
export function startLeaseProcess(settings: LeaseSettings): LeaseProcess {
  const child = spawn(process.execPath, ['--conditions=@millrace/source', main, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const news: LeaseNews[] = []
  createInterface({ input: child.stdout }).on('line', (line) => news.push(JSON.parse(line) as LeaseNews))
  const ended = once(child, 'close').then(() => child.exitCode)
  return {
    news,
    signal: (signal) => void child.kill(signal),
    ended,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGCONT')
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** An advance of one record to a commit of the log all of them pretend to read. */
export function advanceTo(commit: number): Advance {
  return {
    checkpoint: parsePosition(`leases:${commit}:0`),
    records: 1,
    writes: [],
    deliveries: [],
    parked: [],
    unparked: [],
  }
}
