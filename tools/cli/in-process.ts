import { Writable } from 'node:stream'

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
