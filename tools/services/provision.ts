import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

export function findOnPath(binary: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, binary))
    .find(isExecutable)
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Runs an installer, its output on stderr: stdout belongs to the command that needs what is installed. */
export async function runInstaller(
  command: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  const [binary, ...args] = command
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const child = spawn(binary, args, { stdio: ['ignore', 2, 2], env: { ...process.env, ...env } })
  child.once('error', reject)
  child.once('exit', (code, signal) => {
    if (code === 0) resolve()
    else reject(new Error(`${command.join(' ')} ended with ${code ?? signal}`))
  })
  await promise
}
