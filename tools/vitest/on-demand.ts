import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { startElasticsearch } from '../services/elasticsearch.ts'

/** A server that a run starts when its first test asks for it. */
interface Startable extends AsyncDisposable {
  readonly url: string
}

/** The servers that take long to start and that few tests need, by the path they are asked for by. */
const servers: Readonly<Record<string, () => Promise<Startable>>> = {
  '/elasticsearch': startElasticsearch,
}

/** Starts servers for the tests of a run: each once, when it is first asked for. */
export interface OnDemand extends AsyncDisposable {
  /** `GET <url>/elasticsearch` answers with the server's URL, or with status 500 and the reason. */
  readonly url: string
}

async function answer(started: Promise<Startable> | undefined, response: ServerResponse): Promise<void> {
  try {
    const server = await started
    response.statusCode = server === undefined ? 404 : 200
    response.end(server?.url)
  } catch (error) {
    response.statusCode = 500
    response.end(String(error))
  }
}

/** Listens on the loopback address until it is disposed of, and ends what it has started then. */
export async function openOnDemand(
  startable: Readonly<Record<string, () => Promise<Startable>>> = servers,
): Promise<OnDemand> {
  const started = new Map<string, Promise<Startable>>()
  const startOnce = (path: string): Promise<Startable> | undefined => {
    const start = startable[path]
    if (start !== undefined && !started.has(path)) started.set(path, start())
    return started.get(path)
  }
  const listener = createServer((request, response) => {
    void answer(startOnce(request.url ?? ''), response)
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  // A run that has ended must not be kept alive by it.
  listener.unref()
  return {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      listener.closeAllConnections()
      listener.close()
      for (const server of await Promise.allSettled(started.values()))
        if (server.status === 'fulfilled') await server.value[Symbol.asyncDispose]()
    },
  }
}
