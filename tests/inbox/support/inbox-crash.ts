import { chooseSeed } from '@millrace/testing'

import { runCrashCampaign } from './crash-campaign.ts'

/**
 * Kills starts of the inbox with SIGKILL at every failpoint, at 50 random places while the samples are sent and at ten
 * random moments of a very first start. Each next start must end at exactly 329 events, gapless versions, a read model
 * equal to a fresh replay and every webhook delivered.
 *
 * @returns whether everything held
 */
export async function run(): Promise<boolean> {
  const seed = chooseSeed()
  console.log(`MILLRACE_SEED=${seed} repeats the random kills`)
  const { kills, hits, failed, repeats } = await runCrashCampaign({
    randomKills: 50,
    startKills: 10,
    seed,
    onKill: ({ number, of, at, hit, problems }) => {
      const verdict = problems.length > 0 ? `FAILED: ${problems.join('; ')}` : hit ? 'ok' : 'ok, but too late'
      console.log(`${number}/${of}  killed at ${at}: ${verdict}`)
    },
  })
  const holds = failed.length === 0
  console.log(
    `inbox-crash: ${holds ? 'holds' : 'FAILED'}; ${kills} kills, ${hits} of them before the inbox was ready, ` +
      `${failed.length} not made good, ${repeats} webhooks repeated under their own key`,
  )
  return holds
}
