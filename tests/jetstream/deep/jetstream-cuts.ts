import { chooseSeed } from '@millrace/testing'

import { runCutCampaign } from '../support/cut-campaign.ts'
import { topologies } from '../support/topologies.ts'
import type { Topology } from '../support/topologies.ts'

const cuts = 200
/** Fewest cuts that must fall on each side of the moment the server stores. */
const fewest = 20

async function runOn(topology: Topology, seed: number): Promise<boolean> {
  const verdict = await runCutCampaign({
    topology,
    cuts,
    seed,
    onCut: ({ number, kind, shape, wasStored, problems }) => {
      const found = problems.length === 0 ? 'one copy' : `FAILED: ${problems.join('; ')}`
      console.log(
        `${topology} ${number}  ${shape} cut in its ${kind}, ${wasStored ? 'after' : 'before'} the store: ${found}`,
      )
    },
  })
  const { afterStore, beforeStore, missed, failed } = verdict
  const holds = failed.length === 0 && afterStore >= fewest && beforeStore >= fewest
  console.log(
    `jetstream-cuts on ${topology}: ${holds ? 'holds' : 'FAILED'}; ${verdict.cuts} cuts, ${afterStore} after the store and ` +
      `${beforeStore} before it, ${failed.length} not made good; ${missed} more came too late and do not count`,
  )
  return holds
}

/**
 * Cuts the connection of a store 200 times inside its appends, on a single server and on a cluster, through Toxiproxy.
 *
 * @returns whether each append ended in one copy, and the cuts fell on both sides of the store often enough
 */
export async function run(): Promise<boolean> {
  const seed = chooseSeed()
  console.log(`MILLRACE_SEED=${seed} repeats the cuts`)
  let holds = true
  for (const topology of topologies) holds = (await runOn(topology, seed)) && holds
  return holds
}
