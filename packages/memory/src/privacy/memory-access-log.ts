import { checkWhole, InvalidCursorError } from '@millrace/contracts'
import type { AccessEntry, AccessLog } from '@millrace/contracts'

/** Settings of {@link openMemoryAccessLog}. */
export interface MemoryAccessLogOptions {
  /** The most entries kept; the oldest go first. @defaultValue 10_000 */
  readonly maxEntries?: number
  /** Current time in epoch milliseconds. @defaultValue `Date.now` */
  readonly now?: () => number
}

const pruning = 'prune access log'

/** An access log in this process, for tests and small tools. */
export function openMemoryAccessLog(options: MemoryAccessLogOptions = {}): AccessLog {
  const { maxEntries = 10_000, now = Date.now } = options
  checkWhole('maxEntries', maxEntries, { min: 1 })
  let entries: readonly (AccessEntry & { readonly id: number })[] = []
  let count = 0
  return {
    record: async (entry) => {
      entries = [...entries, { ...entry, at: new Date(now()), id: ++count }].slice(-maxEntries)
    },
    list: async ({ actor, target, since, cursor, limit = 100 } = {}) => {
      checkWhole('options.limit', limit, { min: 1, max: 1000 })
      if (cursor !== undefined && !/^\d{1,15}$/.test(cursor))
        throw new InvalidCursorError('options.cursor: must be a cursor from an earlier page')
      const below = cursor === undefined ? Infinity : Number(cursor)
      const found = entries.filter(
        (entry) =>
          entry.id < below &&
          (since === undefined || entry.at >= since) &&
          (actor === undefined || entry.actor === actor) &&
          (target === undefined || entry.target === target),
      )
      const page = found.toReversed().slice(0, limit)
      const last = page.at(-1)
      return {
        items: page.map(({ id: _, ...entry }) => entry),
        next: last !== undefined && found.length > limit ? String(last.id) : undefined,
      }
    },
    prune: async ({ before, by }) => {
      const isOld = ({ at, action }: AccessEntry): boolean => at < before && action !== pruning
      const pruned = entries.filter(isOld).length
      const target = `${pruned} entries before ${before.getTime()}`
      const entry = { actor: by, role: 'operate', action: pruning, target, outcome: 'allowed' } as const
      entries = [...entries.filter((one) => !isOld(one)), { ...entry, at: new Date(now()), id: ++count }]
      return pruned
    },
  }
}
