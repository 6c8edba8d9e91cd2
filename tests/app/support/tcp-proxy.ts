import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/** A way to a server that can be cut and mended, and counts who uses it. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number
  /** Connections that are open now. */
  readonly open: () => number
  /** Cuts every connection, and takes no other until {@link TcpProxy.mend}. */
  cut(): void
  mend(): void
}

/** Listens on a free port of this machine. */
export async function startTcpProxy(target: {
  readonly host: string
  readonly port: number
}): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((socket) => {
    if (isCut) {
      socket.destroy()
      return
    }
    const upstream = connect(target)
    sockets.add(socket)
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      from.pipe(to)
      // Whatever ends one side ends the other.
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
    }
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): void => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    open: () => sockets.size,
    cut,
    mend: () => {
      isCut = false
    },
    [Symbol.asyncDispose]: async () => {
      cut()
      server.close()
      await once(server, 'close')
    },
  }
}
