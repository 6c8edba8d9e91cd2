import { Writable } from 'node:stream'

import { run } from '@millrace/cli'

/** What a command left behind. */
export interface Command {
  readonly code: number
  readonly stdout: string
}

/** A dead letter, as `millrace dlq list --json` shows it. */
export interface ListedLetter {
  readonly id: string
  readonly processor: string
  readonly action: string
  readonly tries: number
  readonly reason: string
}

class Sink extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

/** Runs `millrace` in this process against a server, as an operator would in another. */
export async function millrace(url: string, argv: readonly string[]): Promise<Command> {
  const [stdout, stderr] = [new Sink(), new Sink()]
  const code = await run([...argv, '--url', url], {
    stdout,
    stderr,
    env: {},
    cwd: process.cwd(),
    user: 'story',
    interrupted: () => new AbortController().signal,
  })
  if (stderr.text !== '') throw new Error(stderr.text)
  return { code, stdout: stdout.text }
}

/** The dead letters of a rule. */
export async function listDeadLetters(url: string, rule: string): Promise<readonly ListedLetter[]> {
  const { stdout } = await millrace(url, ['dlq', 'list', '--processor', rule, '--json'])
  return (JSON.parse(stdout) as { readonly deadLetters: readonly ListedLetter[] }).deadLetters
}
