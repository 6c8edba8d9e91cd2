import pg from 'pg'

import { startPostgres } from '../../services/index.ts'
import type { PostgresServer } from '../../services/index.ts'
import type { SuiteOptions } from '../harness/suite.ts'

/** WAL segments of 16 MB that are there before anything is measured. */
const warmSegments = { full: 128, quick: 2 } as const

const settings = {
  // Recycled segments stay, and a contest, which begins with a checkpoint, sees none on the way.
  min_wal_size: '2GB',
  max_wal_size: '6GB',
  checkpoint_timeout: '1h',
}

/**
 * Fills segments and recycles them: commits then overwrite allocated files, as on a server that has run for a while. On
 * fresh ones each new segment is several milliseconds of the file system's own, and the figures have two humps.
 */
async function warm(url: string, { quick, signal }: SuiteOptions): Promise<void> {
  const segments = quick ? warmSegments.quick : warmSegments.full
  const client = new pg.Client(url)
  await client.connect()
  try {
    await client.query('create table warm (i int)')
    for (let i = 0; i < segments; i++) {
      signal.throwIfAborted()
      await client.query('insert into warm values (1)')
      await client.query('select pg_switch_wal()')
    }
    await client.query('checkpoint')
  } finally {
    await client.end()
  }
}

/** A server of the benchmarks' own that waits for the disk; starts when it is first asked for. */
export class DurablePostgres implements AsyncDisposable {
  readonly #options: SuiteOptions
  #server: Promise<PostgresServer> | undefined

  constructor(options: SuiteOptions) {
    this.#options = options
  }

  async url(): Promise<string> {
    this.#server ??= this.#start()
    return (await this.#server).url
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A server that did not start was stopped by its start, which has told those who asked for it.
    const server = await this.#server?.catch(() => undefined)
    await server?.[Symbol.asyncDispose]()
  }

  async #start(): Promise<PostgresServer> {
    const server = await startPostgres({ durable: true, settings })
    try {
      await warm(server.url, this.#options)
      return server
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
  }
}
