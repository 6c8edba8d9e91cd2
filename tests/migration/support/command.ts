import { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

import { run } from '@millrace/cli'
import type { CliIo } from '@millrace/cli'

import type { LogPlace } from './places.ts'

/** What a command left behind. */
export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

class Sink extends Writable {
  text = ''
  isTTY = false

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

/** The app whose upcasters are used. */
const configFile = fileURLToPath(new URL('../fixtures/millrace.config.ts', import.meta.url))

/** The whole command line. */
export function argvOf(place: LogPlace, verb: string, more: readonly string[] = []): readonly string[] {
  return ['migrate', verb, '--config', configFile, ...place.args, ...more]
}

/** Runs `millrace migrate <verb>` in this process. */
export async function migrate(
  place: LogPlace,
  verb: string,
  more: readonly string[] = [],
  signal: AbortSignal = new AbortController().signal,
): Promise<Outcome> {
  const [stdout, stderr] = [new Sink(), new Sink()]
  const io: CliIo = { stdout, stderr, env: place.env, cwd: '/', user: 'cli:ann', interrupted: () => signal }
  const code = await run(argvOf(place, verb, more), io)
  return { code, stdout: stdout.text, stderr: stderr.text }
}

/** The same with `--json`, parsed. */
export async function migrateJson(
  place: LogPlace,
  verb: string,
  more: readonly string[] = [],
): Promise<Outcome & { readonly result: unknown }> {
  const outcome = await migrate(place, verb, [...more, '--json'])
  if (outcome.stdout === '') throw new Error(`millrace migrate ${verb} said nothing but ${outcome.stderr}`)
  return { ...outcome, result: JSON.parse(outcome.stdout) as unknown }
}
