import type { Dedup, DedupClaim } from '../dedup/dedup.ts'
import type { Metrics } from './metrics.ts'
import { millraceMetrics } from './millrace-metrics.ts'

/** Counts what becomes of the ids that are claimed; one call for each outcome in a batch. */
export function measuredDedup(dedup: Dedup, metrics: Metrics): Dedup {
  const claims = metrics.counter(millraceMetrics.dedupClaims)
  const count = (outcome: DedupClaim['kind'], of: readonly DedupClaim[]): void => {
    const same = of.filter(({ kind }) => kind === outcome).length
    if (same > 0) claims.add(same, { outcome })
  }
  return {
    claim: async (source, ids, options) => {
      const outcomes = await dedup.claim(source, ids, options)
      for (const outcome of millraceMetrics.dedupClaims.labels.outcome) count(outcome, outcomes)
      return outcomes
    },
    done: async (source, entries, options) => await dedup.done(source, entries, options),
    release: async (source, ids, owner) => await dedup.release(source, ids, owner),
  }
}
