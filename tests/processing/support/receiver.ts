import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A destination over HTTP that remembers what it was sent. */
export interface Receiver extends AsyncDisposable {
  readonly url: string
  /** Idempotency keys, in order of arrival, repeats included. */
  readonly keys: readonly string[]
  /** From now on requests are taken but never answered. */
  hang(hanging: boolean): void
}

export async function openReceiver(): Promise<Receiver> {
  const keys: string[] = []
  let hanging = false
  const server = createServer((request, response) => {
    keys.push(String(request.headers['idempotency-key']))
    request.resume()
    if (!hanging) response.writeHead(204).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    keys,
    hang: (next) => {
      hanging = next
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
