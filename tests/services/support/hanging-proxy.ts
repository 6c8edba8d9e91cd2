import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/** A way to a server on which nothing arrives for a while, as when the server hangs; connections stay open. */
export interface HangingProxy extends AsyncDisposable {
  readonly port: number
  hang(): void
  goOn(): void
}

/** Listens on a free port of this machine. */
export async function startHangingProxy(target: {
  readonly host: string
  readonly port: number
}): Promise<HangingProxy> {
  const sockets = new Set<Socket>()
  let hangs = false
  const server = createServer((socket) => {
    const upstream = connect(target)
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk) => {
        if (!to.write(chunk)) from.pause()
      })
      to.on('drain', () => {
        if (!hangs) from.resume()
      })
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      if (hangs) from.pause()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    hang: () => {
      hangs = true
      for (const socket of sockets) socket.pause()
    },
    goOn: () => {
      hangs = false
      for (const socket of sockets) socket.resume()
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
