import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { dueHeader } from './flow-tables.ts'
import { Latencies } from './latencies.ts'
import { serve } from './part.ts'
import { sharedNow } from './shared-clock.ts'

/** A web server in a process of its own, as most are: it takes the time of each request and answers at once. */
async function receive(): Promise<void> {
  const latencies = new Latencies()
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    latencies.add(sharedNow() - Number(request.headers[dueHeader]))
    request.resume()
    request.once('end', () => response.writeHead(204).end())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  serve({ host: () => host, take: () => latencies.take() }, async () => {
    server.closeAllConnections()
    server.close()
  })
}

await receive()
