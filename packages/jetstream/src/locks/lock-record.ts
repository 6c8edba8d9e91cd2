import type { LockProgress } from '@millrace/contracts'

import type { RecordFormat } from '../processor-store/records.ts'

/** What a lock's key holds; the message's own time is that of the grant or the last renewal. */
export interface LockRecord {
  readonly name: string
  /** Of the last grant, or of the operator who took the lock away. */
  readonly epoch: number
  /** Undefined while it is free. */
  readonly holding: LockHolding | undefined
  /** The operator who forced the last release. */
  readonly forcedBy: string | undefined
}

/** Who has the lock. */
export interface LockHolding {
  readonly owner: string
  readonly token: string
  /** Milliseconds the lock lasts from the time of the message that holds this record. */
  readonly ttlMs: number
  /** Epoch milliseconds by the server's clock, like `since`. */
  readonly acquiredAt: number
  readonly progress: (LockProgress & { readonly since: number }) | undefined
}

const version = 1

type Fields = Readonly<Record<string, unknown>>

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function fieldsOf(text: string): Fields | undefined {
  try {
    const fields = JSON.parse(text) as unknown
    return isFields(fields) && fields['version'] === version ? fields : undefined
  } catch {
    return undefined
  }
}

/** False for what is no progress, undefined for none. */
function progressIn(value: unknown): LockHolding['progress'] | false {
  if (value === undefined) return undefined
  if (!isFields(value)) return false
  const { mark, behind, since } = value
  return isText(mark) && isCount(behind) && isCount(since) ? { mark, behind, since } : false
}

/** False for what is no holding, undefined for none. */
function holdingIn(value: unknown): LockHolding | undefined | false {
  if (value === undefined) return undefined
  if (!isFields(value)) return false
  const { owner, token, ttlMs, acquiredAt } = value
  const progress = progressIn(value['progress'])
  if (!isText(owner) || !isText(token) || !isCount(ttlMs) || !isCount(acquiredAt) || progress === false)
    return false
  return { owner, token, ttlMs, acquiredAt, progress }
}

/** Of the keys `lock.<name>`. */
export const lockFormat: RecordFormat<LockRecord> = {
  format: ({ name, epoch, holding, forcedBy }) => JSON.stringify({ version, name, epoch, holding, forcedBy }),
  parse: (text) => {
    const { name, epoch, holding: held, forcedBy } = fieldsOf(text) ?? {}
    const holding = holdingIn(held)
    if (!isText(name) || !isCount(epoch) || holding === false) return undefined
    if (forcedBy !== undefined && !isText(forcedBy)) return undefined
    return { name, epoch, holding, forcedBy }
  },
}
