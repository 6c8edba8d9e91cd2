import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

import { run } from '@millrace/cli'

/** Where an app of a test keeps everything, as environment variables. */
export interface Place extends AsyncDisposable {
  readonly dataDir: string
  readonly env: Readonly<Record<string, string>>
}

/** An empty folder. */
export async function newPlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-snapshots-'))
  const dataDir = join(folder, 'data')
  return {
    dataDir,
    env: { MILLRACE_DATA: dataDir },
    [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true, force: true }),
  }
}

const config = fileURLToPath(new URL('../fixtures/millrace.config.ts', import.meta.url))

class Sink extends Writable {
  text = ''
  isTTY = false

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

/** Runs a command in this process, with the configuration of the bank. */
export async function millrace(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const [stdout, stderr] = [new Sink(), new Sink()]
  const interrupted = new AbortController()
  const io = { stdout, stderr, env, cwd: '/', user: 'cli:ann', interrupted: () => interrupted.signal }
  const code = await run([...argv, '--config', config], io)
  return { code, stdout: stdout.text, stderr: stderr.text }
}
