import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/** Which process, so that a later one that was given the same pid is told apart. */
export interface ProcessIdentity {
  readonly pid: number
  readonly host: string
  /** The boot of the machine, where the system tells it. */
  readonly boot: string | undefined
  /** When the process started, in the system's own notation, where it tells it. */
  readonly startedAt: string | undefined
}

const bootIdFile = '/proc/sys/kernel/random/boot_id'

function bootId(): string | undefined {
  return existsSync(bootIdFile) ? readFileSync(bootIdFile, 'utf8').trim() : undefined
}

function startOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      // Field 22; the name in field 2 is in parentheses and may hold spaces (proc(5)).
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    }
    if (process.platform === 'win32') return undefined
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, and belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** The process this code runs in. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, host: hostname(), boot: bootId(), startedAt: startOf(process.pid) }
}

/**
 * Whether that very process may still run. A process on another host cannot be looked at, so it counts as running.
 */
export function mayBeAlive(identity: ProcessIdentity): boolean {
  if (identity.host !== hostname()) return true
  if (identity.boot !== bootId() || !isRunning(identity.pid)) return false
  const startedAt = startOf(identity.pid)
  return identity.startedAt === undefined || startedAt === undefined || startedAt === identity.startedAt
}
