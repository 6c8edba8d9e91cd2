import { execFile } from 'node:child_process'
import { delimiter, join } from 'node:path'

import { rootFolder } from '../workspaces.ts'

export interface Outcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

const binaries = join(rootFolder, 'node_modules/.bin')
const maxOutputBytes = 64 * 1024 * 1024

/** Runs the command of an installed npm package, under the Node that the workspace installed. */
export function runTool(tool: string, args: readonly string[], cwd: string = rootFolder): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const path = `${binaries}${delimiter}${process.env['PATH'] ?? ''}`
  const env = { ...process.env, PATH: path, NO_COLOR: '1', TURBO_TELEMETRY_DISABLED: '1' }
  const options = { cwd, env, maxBuffer: maxOutputBytes }
  const child = execFile(join(binaries, tool), args, options, (error, stdout, stderr) => {
    resolve({
      exitCode: child.exitCode ?? 1,
      stdout,
      // Without any word of its own, a tool that failed could not be started.
      stderr: stdout === '' && stderr === '' ? (error?.message ?? '') : stderr,
    })
  })
  return promise
}

/** What a tool had to say, as one problem, or none when it was content. */
export function problemsOf({ exitCode, stdout, stderr }: Outcome): readonly string[] {
  return exitCode === 0 ? [] : [`${stdout}\n${stderr}`.trim()]
}
