import type { LockView } from '@millrace/app'
import { InvalidValueError } from '@millrace/contracts'

import { NotFoundError } from '../errors.ts'
import { exitCode } from '../exit-code.ts'
import type { ExitCode } from '../exit-code.ts'
import { formatAge } from '../output/age.ts'
import { formatTable } from '../output/table.ts'
import type { CommandContext } from './command-context.ts'

/** Options of `locks list`. */
export interface LockListFlags {
  readonly zombies?: boolean
}

/** Options of `locks release`. */
export interface LockReleaseFlags {
  readonly force?: boolean
}

function formatLocks(locks: readonly LockView[]): string {
  return formatTable(locks, [
    { title: 'LOCK', value: ({ name }) => name },
    { title: 'STATE', value: ({ state }) => state },
    { title: 'OWNER', value: ({ owner }) => owner ?? '' },
    { title: 'EPOCH', value: ({ epoch }) => epoch, align: 'right' },
    { title: 'RENEWED', value: ({ renewedAt }) => renewedAt ?? '' },
    { title: 'BEHIND', value: ({ progress }) => progress?.behind ?? '', align: 'right' },
    {
      title: 'ZOMBIE',
      value: ({ zombie }) => (zombie === null ? '' : `${zombie.reason} for ${formatAge(zombie.ageSeconds)}`),
    },
  ])
}

/** `millrace locks list` */
export async function listLocks(
  { management, printer }: CommandContext,
  { zombies = false }: LockListFlags,
): Promise<ExitCode> {
  const all = await management.locks()
  const locks = zombies ? all.filter(({ zombie }) => zombie !== null) : all
  await printer.result({ locks }, () => (locks.length === 0 ? 'no locks\n' : formatLocks(locks)))
  return exitCode.ok
}

/** `millrace locks release NAME --force` */
export async function releaseLock(
  { management, printer, io }: CommandContext,
  name: string,
  { force = false }: LockReleaseFlags,
): Promise<ExitCode> {
  if (!force)
    throw new InvalidValueError('--force', 'given: the lock is taken from a process that may be at work')
  const answer = await management.releaseLock(name, io.user)
  if (answer === undefined) throw new NotFoundError(`lock ${name} does not exist`)
  await printer.result(answer, () => `${name} ${answer.released ? 'released' : 'is free already'}\n`)
  return exitCode.ok
}
