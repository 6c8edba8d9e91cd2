import { once } from 'node:events'

import { startServices } from './all.ts'
import { announce, announcedServers } from './developer.ts'
import { startElasticsearch } from './elasticsearch.ts'
import { startRedis } from './redis.ts'
import { resetNats } from './reset-nats.ts'

const usage = `usage: npm run services                 start the servers and print their URLs
       npm run services -- without elasticsearch
       npm run services -- reset nats   remove all streams of the NATS server that runs for this checkout
`

async function serve({ elasticsearch }: { readonly elasticsearch: boolean }): Promise<number> {
  const stop = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  await using slow = new AsyncDisposableStack()
  await using services = await startServices()
  await using redis = await startRedis()
  using announced = announce({ postgres: services.postgres.url, nats: services.nats.url })
  console.log(`postgres  ${announced.postgres}`)
  console.log(`nats      ${announced.nats}`)
  console.log(`redis     ${redis.url}`)
  // Last: it takes ten times as long as all others together.
  if (elasticsearch) console.log(`elasticsearch ${slow.use(await startElasticsearch()).url}`)
  console.log('Ctrl-C stops them and removes their data.')
  // A listener for a signal does not keep a process alive.
  const alive = setInterval(() => undefined, 60_000)
  await stop
  clearInterval(alive)
  return 0
}

async function reset(): Promise<number> {
  const servers = announcedServers()
  if (servers.length === 0) {
    console.error('no NATS server runs for this checkout; npm run services starts one')
    return 1
  }
  for (const { nats } of servers) {
    const removed = await resetNats(nats)
    console.log(`${nats}: ${removed.length === 0 ? 'had no streams' : `removed ${removed.join(', ')}`}`)
  }
  return 0
}

async function main(args: readonly string[]): Promise<number> {
  if (args.length === 0) return await serve({ elasticsearch: true })
  if (args.join(' ') === 'without elasticsearch') return await serve({ elasticsearch: false })
  if (args.join(' ') === 'reset nats') return await reset()
  console.error(usage)
  return 2
}

process.exitCode = await main(process.argv.slice(2))
