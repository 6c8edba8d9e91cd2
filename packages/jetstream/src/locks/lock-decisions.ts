import { FencedError } from '@millrace/contracts'
import type { AcquireLockOptions, Lock, LockAttempt, LockProgress, LockView } from '@millrace/contracts'

import type { Decision, Entry } from '../processor-store/stored-key.ts'
import type { LockHolding, LockRecord } from './lock-record.ts'

type LockEntry = Entry<LockRecord>

/** Who asks for what. */
export interface LockRequest {
  readonly name: string
  /** Of this request alone, so that a grant whose answer was lost is found to be its own. */
  readonly token: string
  readonly options: AcquireLockOptions
}

/** When the lock ends, in epoch milliseconds by the server's clock. */
function endOf({ time = Number.POSITIVE_INFINITY }: LockEntry, { ttlMs }: LockHolding): number {
  return time + ttlMs
}

function grantedAs(
  { name, token, options }: LockRequest,
  epoch: number,
  expiresAt: number,
): { readonly kind: 'granted'; readonly lock: Lock } {
  const { owner } = options
  return { kind: 'granted', lock: { name, owner, token, epoch, expiresAt: new Date(expiresAt) } }
}

/** Takes the lock under the next epoch, unless one has not ended at `now`. */
export function taken(
  request: LockRequest,
  entry: LockEntry,
  now: number,
): Decision<LockRecord, LockAttempt> {
  const { name, token, options } = request
  const { epoch: last = 0, holding } = entry.value ?? {}
  if (holding?.token === token)
    return { kind: 'keep', result: grantedAs(request, last, endOf(entry, holding)) }
  // Not `now < until`: a time that is not known must end no lock.
  if (holding !== undefined && !(now >= endOf(entry, holding))) {
    const until = new Date(endOf(entry, holding))
    return { kind: 'keep', result: { kind: 'busy', heldBy: holding.owner, until } }
  }
  const { owner, ttlMs, above = 0 } = options
  const epoch = Math.max(last, above) + 1
  const value = {
    name,
    epoch,
    holding: { owner, token, ttlMs, acquiredAt: now, progress: undefined },
    forcedBy: undefined,
  }
  return { kind: 'write', value, result: grantedAs(request, epoch, now + ttlMs) }
}

/** Extends the lock: a new message has a new time. */
export function renewed(
  { name, token, epoch }: Lock,
  { value }: LockEntry,
  told: { readonly ttlMs: number; readonly progress: LockProgress | undefined; readonly now: number },
): Decision<LockRecord, void> {
  const holding = value?.holding
  if (value === undefined || holding === undefined || holding.token !== token) {
    const currentEpoch = holding === undefined ? undefined : value?.epoch
    return { kind: 'refuse', error: new FencedError(`lock ${name}`, { epoch, currentEpoch }) }
  }
  const progress = progressed(holding, told.progress, told.now)
  return {
    kind: 'write',
    value: { ...value, holding: { ...holding, ttlMs: told.ttlMs, progress } },
    result: undefined,
  }
}

/** When the holder last went on: now, unless it says the same as before with work left. */
function progressed(
  { progress: before }: LockHolding,
  told: LockProgress | undefined,
  now: number,
): LockHolding['progress'] {
  if (told === undefined) return before
  const { mark, behind } = told
  const stands = before !== undefined && before.mark === mark && behind > 0
  return { mark, behind, since: stands ? before.since : now }
}

/** Gives the lock back, if it is still that one. */
export function released({ token }: Lock, { value }: LockEntry): Decision<LockRecord, void> {
  if (value?.holding?.token !== token) return { kind: 'keep', result: undefined }
  return { kind: 'write', value: { ...value, holding: undefined }, result: undefined }
}

/** Takes the lock away; false where it is free. */
export function forced(by: string, { value: record }: LockEntry): Decision<LockRecord, boolean> {
  if (record?.holding === undefined) return { kind: 'keep', result: false }
  const value = { ...record, epoch: record.epoch + 1, holding: undefined, forcedBy: by }
  return { kind: 'write', value, result: true }
}

/** A lock as its key says, at a time of the server. */
export function viewOf(
  { name, epoch, holding, forcedBy }: LockRecord,
  writtenAt: number,
  now: number,
): LockView {
  const readAt = new Date(now)
  if (holding === undefined) {
    const none = undefined
    const free = { owner: none, acquiredAt: none, renewedAt: none, expiresAt: none, progress: none }
    return { name, epoch, state: 'free', ...free, forcedBy, readAt }
  }
  const { owner, ttlMs, acquiredAt, progress } = holding
  const expiresAt = writtenAt + ttlMs
  return {
    name,
    epoch,
    state: expiresAt <= now ? 'expired' : 'held',
    owner,
    acquiredAt: new Date(acquiredAt),
    renewedAt: new Date(writtenAt),
    expiresAt: new Date(expiresAt),
    progress: progress && { ...progress, since: new Date(progress.since) },
    forcedBy,
    readAt,
  }
}
