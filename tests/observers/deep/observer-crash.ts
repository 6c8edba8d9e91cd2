import { chooseSeed } from '@millrace/testing'
import { startPostgres } from '@millrace/tools/services'

import { furtherPlaces, runKillCampaign } from '../crash/kill-campaign.ts'
import type { CampaignOptions, CampaignVerdict } from '../crash/kill-campaign.ts'

const randomKills = 200
const leastInWindow = 20
const mostProblems = 20
/** The runtime's default, and how soon after a kill its deliveries have to run again then. */
const [defaultTtlMs, rerunWithinMs] = [10_000, 15_000]

async function runPart(options: Omit<CampaignOptions, 'onKill'>): Promise<CampaignVerdict> {
  const verdict = await runKillCampaign({
    ...options,
    onKill: ({ number, of, at, underWay, sent, problem }) => {
      const seen = `${underWay} attempts under way, ${sent} of them sent`
      console.log(`${number}/${of}  killed at ${at}, ${seen}: ${problem ?? 'ok'}`)
    },
  })
  const { problems } = verdict
  for (const problem of problems.slice(0, mostProblems)) console.log(problem)
  if (problems.length > mostProblems) console.log(`and ${problems.length - mostProblems} more`)
  return verdict
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** Few kills, but with the lease that a runtime has by default. */
async function runWithDefaultLease(options: Pick<CampaignOptions, 'postgres' | 'seed'>): Promise<boolean> {
  const places = [
    { at: 'action:after-send', passing: 9 },
    { at: 'settle:before-commit', passing: 9 },
  ] as const
  const verdict = await runPart({ ...options, places, randomKills: 0, leaseTtlMs: defaultTtlMs })
  const { problems, inWindow, longestRerunMs } = verdict
  const holds = problems.length === 0 && inWindow > 0 && longestRerunMs <= rerunWithinMs
  console.log(
    `leases of ${seconds(defaultTtlMs)}: ${holds ? 'holds' : 'FAILED'}; what a kill cut off ran again after ${seconds(longestRerunMs)} at most`,
  )
  return holds
}

/**
 * Kills listeners with SIGKILL at every failpoint on their way and at 200 places drawn by lot, while rows are written. Ctrl-C
 * ends it early, and what was seen until then is judged.
 *
 * @returns whether every matching row was delivered, none was recorded twice, each delivery kept its key, and enough kills fell
 * between a sending and its record, each of those deliveries being shown as unknown before it ran again
 */
export async function run(): Promise<boolean> {
  const seed = chooseSeed()
  console.log(`MILLRACE_SEED=${seed} repeats the places drawn by lot`)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  await using server = await startPostgres()
  const common = { postgres: server.url, seed }
  const isSoon = await runWithDefaultLease(common)
  const { kills, planned, inWindow, problems, ...seen } = await runPart({
    ...common,
    places: furtherPlaces,
    randomKills,
    leaseTtlMs: 600,
    signal: stop.signal,
  })
  const isWhole = kills.length === planned
  const holds = isSoon && isWhole && problems.length === 0 && inWindow >= leastInWindow
  console.log(
    `observer-crash: ${holds ? 'holds' : 'FAILED'}${isWhole ? '' : `, stopped after ${kills.length} of ${planned} kills`}; ` +
      `${kills.length} kills over ${seen.changes} changes, ${inWindow} of them between a sending and its record (at least ${leastInWindow}); ` +
      `${seen.delivered} deliveries, ${seen.arrivals} webhooks; ${seen.cut} attempts cut off, ${seen.sentCut} of them sent, ` +
      `${seen.shown} of those shown as unknown before they ran again, after ${seconds(seen.longestRerunMs)} at most; ` +
      `${problems.length} problems`,
  )
  return holds
}
