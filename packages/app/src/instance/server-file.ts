import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { z } from 'zod'

/** What a serving app leaves in its data folder, so that the command line finds it. */
export interface ServerFile {
  readonly url: string
  readonly pid: number
  /** ISO 8601. */
  readonly startedAt: string
  /** Unique to one run of the app; `/healthz` answers with it. */
  readonly instance: string
  /** The secrets it took from its environment, by name: the ones in the data folder are not in force. */
  readonly secretsFromEnvironment: readonly string[]
}

const fileName = 'server.json'
const content = z.object({
  url: z.url(),
  pid: z.int().positive(),
  startedAt: z.string(),
  instance: z.string(),
  secretsFromEnvironment: z.array(z.string()),
})
/** More than a server waits for a store that does not answer. */
const probeMs = 5_000

function read(dataDir: string): ServerFile | undefined {
  const file = join(dataDir, fileName)
  if (!existsSync(file)) return undefined
  try {
    return content.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    // Removed meanwhile, or not ours: either way it names no server.
    return undefined
  }
}

/**
 * Says in the data folder where the app is served. Disposing removes it, unless another run has replaced it.
 */
export function announceServer(dataDir: string, server: ServerFile): Disposable {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const file = join(dataDir, fileName)
  const temporary = `${file}.${process.pid}.tmp`
  // Who knows the instance could answer in its place after a crash, and be sent the token.
  writeFileSync(temporary, `${JSON.stringify(server, undefined, 2)}\n`, { mode: 0o600 })
  renameSync(temporary, file)
  return {
    [Symbol.dispose]: () => {
      if (read(dataDir)?.instance === server.instance) rmSync(file, { force: true })
    },
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, and belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** The instance that answers under the URL; undefined when nobody does, or somebody else. */
async function probe(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(new URL('/healthz', url), {
      signal: AbortSignal.timeout(probeMs),
      redirect: 'error',
    })
    const body: unknown = await response.json()
    return z.object({ instance: z.string() }).safeParse(body).data?.instance
  } catch {
    // Refused, timed out or not JSON: whoever is there is not the server of the file.
    return undefined
  }
}

/**
 * The server that serves this data folder now. Undefined where there is none: no file, its process is gone, or the
 * address is not answered by the run that wrote it (a file left by a crash).
 */
export async function findServer(dataDir: string): Promise<ServerFile | undefined> {
  const server = read(dataDir)
  if (server === undefined || !isRunning(server.pid)) return undefined
  return (await probe(server.url)) === server.instance ? server : undefined
}
