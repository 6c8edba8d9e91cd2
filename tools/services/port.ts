import { randomInt } from 'node:crypto'
import { connect, createServer } from 'node:net'

export const host = '127.0.0.1'

/** Below the ports that systems give to outgoing connections: one of those could take a stopped server's port. */
const ports = { from: 15_000, until: 32_000 } as const

export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(ports.from, ports.until)
    if (await isFree(port)) return port
  }
  throw new Error(`no free port was found from ${ports.from} to ${ports.until}`)
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<boolean>()
  server.once('error', () => resolve(false))
  server.listen(port, host, () => server.close(() => resolve(true)))
  return promise
}

export function isListening(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(port, host).setTimeout(500)
  const settle = (answer: boolean): void => {
    socket.destroy()
    resolve(answer)
  }
  socket.once('connect', () => settle(true))
  socket.once('error', () => settle(false))
  socket.once('timeout', () => settle(false))
  return promise
}
