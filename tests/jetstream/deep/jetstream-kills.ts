import { chooseSeed } from '@millrace/testing'

import { runFaultCampaign } from '../support/fault-campaign.ts'
import { killLeader } from '../support/faults.ts'
import { isSound } from '../support/history.ts'

const events = 100_000
const kills = 3

/**
 * Kills the leader of a stream with three replicas three times, with SIGKILL, while 24 writers in four processes append
 * 100,000 events, each with the version it believes current.
 *
 * @returns whether nothing was lost, duplicated, left out or made up
 */
export async function run(): Promise<boolean> {
  const seed = chooseSeed()
  console.log(`MILLRACE_SEED=${seed} repeats the writers' choices`)
  let shown = -1
  const verdict = await runFaultCampaign({
    topology: 'R3',
    events,
    faults: Array.from({ length: kills }, () => killLeader),
    seed,
    onProgress: ({ events: written, faults }) => {
      const percent = Math.floor((100 * written) / events)
      if (percent >= shown + 5) console.log(`${percent} %  ${written} events, ${faults} kills`)
      shown = percent >= shown + 5 ? percent : shown
    },
  })
  const { acknowledgedEvents, seconds, longestMs, conflicts, unknownAppends, unknownStored } = verdict
  const { lost, duplicated, gaps, ghosts, hits } = verdict
  const holds =
    isSound(verdict) && acknowledgedEvents >= events && hits.length === kills && hits.every((hit) => hit > 0)
  console.log(
    `jetstream-kills: ${holds ? 'holds' : 'FAILED'}; ${hits.length} kills inside ${hits.join(', ')} appends, ${acknowledgedEvents} events in ${seconds.toFixed(0)} s: ` +
      `${lost} lost, ${duplicated} duplicated, ${gaps} gaps, ${ghosts} made up; ${conflicts} conflicts, ` +
      `${unknownAppends} given up as unknown (${unknownStored} of them stored), longest append ${(longestMs / 1000).toFixed(1)} s`,
  )
  return holds
}
