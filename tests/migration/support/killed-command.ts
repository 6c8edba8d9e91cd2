import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { argvOf } from './command.ts'
import type { LogPlace } from './places.ts'

const main = fileURLToPath(new URL('migrate-main.ts', import.meta.url))

/** Runs `millrace migrate <verb>` in a process that is to kill itself at a failpoint; true where it did. */
export async function killedAt(
  failpoint: string,
  place: LogPlace,
  verb: string,
  more: readonly string[] = [],
): Promise<boolean> {
  const args = ['--conditions=@millrace/source', main, failpoint, ...argvOf(place, verb, more)]
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env['PATH'], ...place.env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  return signal === 'SIGKILL'
}
