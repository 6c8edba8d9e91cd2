import { InvalidValueError } from '@millrace/contracts'
import type { Capture } from '@millrace/postgres'

import type { CapturedTables } from '../captures/open-captures.ts'
import { checkText } from './arguments.ts'

/** A captured table. */
export interface CaptureView {
  /** What the log calls it. */
  readonly name: string
  /** As it is written in SQL. */
  readonly table: string
  readonly key: readonly string[]
  readonly excluded: readonly string[]
  readonly tenant: string | null
  /** When its triggers were written. */
  readonly installedAt: string
  /** `drifted`: table and capture do not agree; `faults` say how. */
  readonly state: 'ok' | 'drifted'
  readonly faults: readonly { readonly kind: string; readonly subject: string }[]
}

/** What to capture. */
export interface CaptureOrder {
  /** As it is written in SQL. */
  readonly table: string
  /** What the log calls it. @defaultValue the table's own name */
  readonly name?: string
  /** Columns that never leave the table. @defaultValue none */
  readonly exclude?: readonly string[]
  /** The column that names the tenant of a row. @defaultValue none */
  readonly tenant?: string
}

/** A capture that fits its table again, and how it did not. */
export interface RepairedCaptureView extends CaptureView {
  readonly repaired: CaptureView['faults']
}

/** Which changes go. */
export interface ChangePruneOrder {
  /** Days that changes are kept, 0 to 36,500. */
  readonly olderThanDays: number
  /** Only says how many. @defaultValue false */
  readonly dryRun?: boolean
}

/** What was pruned, or would be. */
export interface ChangePruneView {
  readonly changes: number
  /** The processor that has not handled the next one; null where age alone decided. */
  readonly heldBy: string | null
  readonly dryRun: boolean
}

/** Change capture, as far as operators look after it. */
export interface CaptureCalls {
  /** The captured tables, by name. */
  captures(): Promise<readonly CaptureView[]>
  /** Undefined for a name the log does not know. */
  capture(name: string): Promise<CaptureView | undefined>
  /** Begins to record the changes of a table; again with the same words: nothing. @throws {@link ConfigurationError} */
  installCapture(order: CaptureOrder): Promise<CaptureView>
  /** Makes a capture fit its table again; undefined for a name the log does not know. @throws {@link ConfigurationError} */
  repairCapture(name: string): Promise<RepairedCaptureView | undefined>
  /** Takes a capture off its table; false for a name the log does not know. */
  removeCapture(name: string, options?: { readonly deleteChanges?: boolean }): Promise<boolean>
  /** Removes old changes that every processor of the change log has handled. */
  pruneChanges(order: ChangePruneOrder): Promise<ChangePruneView>
}

const dayMs = 86_400_000
const maxDays = 36_500

function captureView({ tenant, installedAt, faults, ...capture }: Capture): CaptureView {
  return {
    ...capture,
    tenant: tenant ?? null,
    installedAt: installedAt.toISOString(),
    state: faults.length === 0 ? 'ok' : 'drifted',
    faults,
  }
}

function checkDays(days: number): number {
  if (!Number.isSafeInteger(days) || days < 0 || days > maxDays)
    throw new InvalidValueError('olderThanDays', `a whole number from 0 to ${maxDays}`)
  return days
}

/** The calls on captured tables as JSON. */
export function captureCalls(tables: CapturedTables): CaptureCalls {
  return {
    captures: async () => (await tables.list()).map(captureView),
    capture: async (name) => {
      checkText('name', name)
      const capture = await tables.inspect(name)
      return capture && captureView(capture)
    },
    installCapture: async (order) => captureView(await tables.install(order)),
    repairCapture: async (name) => {
      checkText('name', name)
      const { faults = [] } = (await tables.inspect(name)) ?? {}
      const capture = await tables.repair(name)
      return capture && { ...captureView(capture), repaired: faults }
    },
    removeCapture: async (name, { deleteChanges = false } = {}) => {
      checkText('name', name)
      return await tables.remove(name, deleteChanges)
    },
    pruneChanges: async ({ olderThanDays, dryRun = false }) => {
      const { changes, heldBy = null } = await tables.prune(checkDays(olderThanDays) * dayMs, dryRun)
      return { changes, heldBy, dryRun }
    },
  }
}
