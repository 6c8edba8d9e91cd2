import { startNats, startPostgres } from '@millrace/tools/services'

import { runCampaign } from '../support/campaign.ts'
import { placeKinds } from '../support/places.ts'

const events = 100_000

/**
 * Migrates 100,000 events of people of the first generation on each kind of store: looked at first, killed three times,
 * resumed, a sample and then every event verified, seven broken ones named.
 *
 * @returns whether all of that held
 */
export async function run(): Promise<boolean> {
  await using nats = await startNats()
  await using postgres = await startPostgres()
  const servers = { nats: nats.url, postgres: postgres.url }
  let holds = true
  for (const kind of placeKinds) {
    const began = performance.now()
    const onStep = (text: string): void =>
      console.log(`${kind}: ${text} (${((performance.now() - began) / 1000).toFixed(0)} s in all)`)
    const { problems } = await runCampaign({ kind, servers, events, batchSize: 5_000, onStep })
    console.log(`${kind}: ${problems.length === 0 ? 'holds' : `FAILED: ${problems.join('; ')}`}`)
    holds &&= problems.length === 0
  }
  return holds
}
