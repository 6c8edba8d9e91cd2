import type { LockView } from '@millrace/contracts'

/** A lock's hash: fields and values in turn. */
export type LockFields = readonly string[]

const timeOf = (text: string | undefined): Date | undefined =>
  text === undefined ? undefined : new Date(Number(text))

/** A lock as people see it; undefined for a name nobody ever locked. */
export function lockView(name: string, fields: LockFields, now: number): LockView | undefined {
  const read = new Map<string, string>()
  for (let i = 0; i + 1 < fields.length; i += 2) read.set(String(fields[i]), String(fields[i + 1]))
  if (read.size === 0) return undefined
  const [owner, expiresAt] = [read.get('owner'), timeOf(read.get('expiresAt'))]
  const expired = expiresAt !== undefined && expiresAt.getTime() <= now
  return {
    name,
    epoch: Number(read.get('epoch')),
    state: owner === undefined ? 'free' : expired ? 'expired' : 'held',
    owner,
    acquiredAt: timeOf(read.get('acquiredAt')),
    renewedAt: timeOf(read.get('renewedAt')),
    expiresAt,
    progress: progressOf(read),
    forcedBy: read.get('forcedBy'),
    readAt: new Date(now),
  }
}

function progressOf(read: ReadonlyMap<string, string>): LockView['progress'] {
  const [mark, since] = [read.get('mark'), timeOf(read.get('since'))]
  if (mark === undefined || since === undefined) return undefined
  return { mark, behind: Number(read.get('behind')), since }
}
