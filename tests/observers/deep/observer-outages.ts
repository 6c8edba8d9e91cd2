import { startElasticsearch, startPostgres, startRedis } from '@millrace/tools/services'

import { outagesOf } from '../outages/outages.ts'
import { runOutage } from '../outages/run-outage.ts'
import type { OutageReport } from '../outages/run-outage.ts'
import { ShopScene } from '../outages/shop-scene.ts'

const ordersPerSecond = 50
const times = { calmMs: 10_000, outageMs: 30_000, patienceMs: 0 }

function seconds(ms: number | undefined): string {
  return ms === undefined ? 'never' : `${(ms / 1_000).toFixed(1)} s`
}

function line({ name, problems, ...seen }: OutageReport): string {
  const verdict = problems.length === 0 ? 'holds' : `FAILED (${problems.join('; ')})`
  return (
    `${name}: ${verdict}; away ${seconds(seen.awayMs)}, seen after ${seconds(seen.seenMs)}, ${seen.orders} orders meanwhile, ` +
    `others delivered ${seen.during.toFixed(2)} for each (${seen.before.toFixed(2)} before), caught up after ${seconds(seen.caughtUpMs)}`
  )
}

/**
 * Stops Elasticsearch, Redis and PostgreSQL for 30 s each while orders come in, and lets a receiver hang as long.
 *
 * @returns whether nothing was lost, others went on, everything was caught up with, and the status showed it in time
 */
export async function run(): Promise<boolean> {
  console.log('starting the servers')
  await using postgres = await startPostgres({ durable: true })
  await using redis = await startRedis({ durable: true })
  await using elasticsearch = await startElasticsearch()
  await using scene = await ShopScene.open({
    postgres: postgres.url,
    redis: redis.url,
    elasticsearch: elasticsearch.url,
    ordersPerSecond,
    timeoutMs: 2_000,
    openMs: 2_000,
  })
  const stopped = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.abort())
  const outages = outagesOf(scene, {
    postgres: { stop: async () => await postgres.stop(), start: async () => await postgres.start() },
    redis: { stop: async () => await redis.stop(), start: async () => await redis.start() },
    elasticsearch: {
      stop: async () => await elasticsearch.stop(),
      start: async () => await elasticsearch.start(),
    },
  })
  const reports: OutageReport[] = []
  for (const outage of outages) {
    if (stopped.signal.aborted) break
    const report = await runOutage(scene, outage, times)
    reports.push(report)
    console.log(line(report))
  }
  const lost = await scene.finish()
  const isWhole = reports.length === outages.length
  const holds = isWhole && lost.length === 0 && reports.every(({ problems }) => problems.length === 0)
  console.log(
    `observer-outages: ${holds ? 'holds' : 'FAILED'}${isWhole ? '' : `, stopped after ${reports.length} of ${outages.length}`}; ` +
      `${lost.length === 0 ? 'nothing is lost, doubled or set aside' : lost.join('; ')}; ${scene.refused} orders were refused while PostgreSQL was away`,
  )
  return holds
}
