import { createRandom } from '@millrace/testing'

import { crashAtFailpoint, crashDuringStart, measureFirstStart, passesBeforeReady } from './crash.ts'
import type { CrashReport } from './crash.ts'
import { hitOf, inboxFailpoints } from './failpoint-hits.ts'

/** Settings of {@link runCrashCampaign}. */
export interface CampaignOptions {
  /** Kills at random places while samples are sent. */
  readonly randomKills: number
  /** Kills at random moments of a very first start. */
  readonly startKills: number
  readonly seed: number
  /** Told of each kill as it is judged. */
  readonly onKill: (kill: JudgedKill) => void
}

/** One kill and what came of it. */
interface JudgedKill extends CrashReport {
  /** From 1. */
  readonly number: number
  readonly of: number
  /** The failpoint, or milliseconds after the start. */
  readonly at: string
}

/** What a campaign has shown. */
export interface CampaignVerdict {
  readonly kills: number
  /** Kills that came while the inbox was starting or sending samples. */
  readonly hits: number
  readonly failed: readonly JudgedKill[]
  /** Webhooks that arrived more than once, over all kills. */
  readonly repeats: number
}

/** So many kills go on side by side: after a kill most of the time is waiting for the dead owner's leases to end. */
const lanes = 3

/** A start that did not come up again is the worst of outcomes, and no reason to judge the others no more. */
function asReport(error: unknown): CrashReport {
  const problem = error instanceof Error ? error.message : String(error)
  return { hit: true, problems: [problem], repeats: 0 }
}

interface PlannedKill {
  readonly at: string
  /** A kill by the clock may come too late; all others must hit. */
  readonly mustHit: boolean
  readonly crash: () => Promise<CrashReport>
}

function plan(
  { randomKills, startKills, seed }: CampaignOptions,
  firstStartMs: number,
): readonly PlannedKill[] {
  const random = createRandom(seed)
  const named = inboxFailpoints.map((name) => ({
    at: name,
    mustHit: true,
    crash: () => crashAtFailpoint(name, hitOf(name)),
  }))
  const anywhere = Array.from({ length: randomKills }, () => {
    const pass = 1 + Math.floor(random() * passesBeforeReady)
    return { at: `pass ${pass}`, mustHit: true, crash: () => crashAtFailpoint('any', pass) }
  })
  const early = Array.from({ length: startKills }, () => {
    const ms = random() * firstStartMs
    return { at: `${Math.round(ms)} ms`, mustHit: false, crash: () => crashDuringStart(ms) }
  })
  return [...named, ...anywhere, ...early]
}

/**
 * Kills starts at every failpoint, at random places and at random moments, and starts each again, which must make
 * everything good. A kill that did not hit its place counts as failed.
 */
export async function runCrashCampaign(options: CampaignOptions): Promise<CampaignVerdict> {
  const planned = plan(options, await measureFirstStart())
  const judged: JudgedKill[] = []
  const failed: JudgedKill[] = []
  const rest = planned.values()
  async function lane(): Promise<void> {
    for (const { at, mustHit, crash } of rest) {
      const report = await crash().catch(asReport)
      const kill = { number: judged.length + 1, of: planned.length, at, ...report }
      judged.push(kill)
      if (report.problems.length > 0 || (mustHit && !report.hit)) failed.push(kill)
      options.onKill(kill)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return {
    kills: judged.length,
    hits: judged.filter(({ hit }) => hit).length,
    failed,
    repeats: judged.reduce((sum, { repeats }) => sum + repeats, 0),
  }
}
