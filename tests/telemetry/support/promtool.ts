import { spawn } from 'node:child_process'

import { providePrometheus } from '@millrace/tools/services'

/** What promtool said. */
export interface PromtoolOutcome {
  readonly code: number | null
  readonly output: string
}

/** Runs promtool, with a text on its standard input. */
export async function promtool(
  args: readonly string[],
  { input = '', cwd }: { readonly input?: string; readonly cwd?: string } = {},
): Promise<PromtoolOutcome> {
  const { promtool: binary } = await providePrometheus()
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  const child = spawn(binary, args, { stdio: 'pipe', ...(cwd === undefined ? {} : { cwd }) })
  let output = ''
  const keep = (chunk: Buffer): void => {
    output += chunk.toString()
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  child.once('error', reject)
  child.once('close', resolve)
  child.stdin.end(input)
  return { code: await promise, output }
}
