import { startNats, startPostgres } from '@millrace/tools/services'

import { runKillCampaign } from '../crash/kill-campaign.ts'
import { runLockFight } from '../crash/lock-fight.ts'
import { chooseSeed } from '../support/random.ts'

const events = 20_000
const randomKills = 200
const leastHits = 150

/**
 * Kills projectors with SIGKILL at every failpoint and at 200 places drawn by lot, over a log of 20,000 events; then stops
 * the holder of a lock of 2 s for 5 s, with locks in the database and on JetStream.
 *
 * @returns whether every read model equalled a fresh replay, and every late write was refused
 */
export async function run(): Promise<boolean> {
  const seed = chooseSeed()
  console.log(`MILLRACE_SEED=${seed} repeats the places drawn by lot`)
  await using postgres = await startPostgres()
  await using nats = await startNats()
  const pace = { postgres: postgres.url, events, batchSize: 500, ttlMs: 1_000, seed }
  const { hits, kills, failed, ...seen } = await runKillCampaign({
    ...pace,
    randomKills,
    onKill: ({ number, of, at, hit, handled, problems }) => {
      const verdict = problems.length > 0 ? `FAILED: ${problems.join('; ')}` : hit ? 'ok' : 'ok, but too late'
      console.log(`${number}/${of}  killed at ${at}, ${handled} records handled: ${verdict}`)
    },
  })
  let holds = failed.length === 0 && hits >= leastHits && seen.events >= events
  const locks = [{ kind: 'postgres' }, { kind: 'jetstream', servers: nats.url, name: 'locks' }] as const
  for (const each of locks) {
    const fight = await runLockFight({ ...pace, ttlMs: 2_000, locks: each, stoppedMs: 5_000 })
    const { takeoverMs, fenceRejections, epochs, problems } = fight
    const isSound = takeoverMs !== undefined && fenceRejections >= 1 && problems.length === 0
    holds &&= isSound
    console.log(
      `locks in ${each.kind}: ${isSound ? 'holds' : 'FAILED'}; taken over after ${((takeoverMs ?? 0) / 1000).toFixed(1)} s, epoch ${epochs.join(' then ')}, fence_rejections ${fenceRejections}${problems.map((text) => `; ${text}`).join('')}`,
    )
  }
  console.log(
    `projection-crash: ${holds ? 'holds' : 'FAILED'}; ${kills.length} kills over ${seen.events} events, ${hits} of them at work, ${failed.length} not made good`,
  )
  return holds
}
