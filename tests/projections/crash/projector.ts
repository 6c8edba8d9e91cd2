import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import type { ProjectorSettings } from './projector-main.ts'

/** One line a projector said. */
type Said = Readonly<Record<string, unknown>> & { readonly kind: string }

/** A projector in a process of its own; killed when it is disposed of. */
export interface Projector extends AsyncDisposable {
  readonly pid: number
  readonly said: readonly Said[]
  readonly signal: (signal: NodeJS.Signals) => void
  /** The first line of a kind; undefined when the process ended without it. */
  readonly first: (kind: string) => Promise<Said | undefined>
  /** Resolves with the signal that ended it. */
  readonly ended: Promise<NodeJS.Signals | null>
}

const main = fileURLToPath(new URL('projector-main.ts', import.meta.url))

/** Starts a projector; what it writes to standard error comes through. */
export function startProjector(settings: ProjectorSettings): Projector {
  const child = spawn(process.execPath, ['--conditions=@millrace/source', main, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said: Said[] = []
  let heard = Promise.withResolvers<void>()
  const tell = (): void => {
    heard.resolve()
    heard = Promise.withResolvers()
  }
  createInterface({ input: child.stdout }).on('line', (line) => {
    said.push(JSON.parse(line) as Said)
    tell()
  })
  let isOver = false
  const ended = once(child, 'close').then(() => {
    isOver = true
    tell()
    return child.signalCode
  })
  return {
    pid: child.pid ?? 0,
    said,
    ended,
    signal: (signal) => void child.kill(signal),
    first: async (kind) => {
      for (;;) {
        const found = said.find((line) => line.kind === kind)
        if (found !== undefined || isOver) return found
        await heard.promise
      }
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGCONT')
      child.kill('SIGKILL')
      await ended
    },
  }
}
