import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { openPg } from '@millrace/postgres'
import { beforeAll, inject } from 'vitest'

/** Where an app of a test keeps everything, as environment variables. */
export interface Place extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>
}

/** A name that no other test uses. */
export function fresh(): string {
  return `s${randomBytes(5).toString('hex')}`
}

/** The URL of the run's Elasticsearch, which starts for the first test that asks. */
async function elasticsearchUrl(): Promise<string> {
  const answer = await fetch(`${inject('onDemand')}/elasticsearch`)
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return text
}

// In a hook: the first start of a machine fetches it.
beforeAll(async () => void (await elasticsearchUrl()), 300_000)

/** An embedded app in a folder of its own. */
export async function embeddedPlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-services-'))
  return {
    env: { MILLRACE_DATA: join(folder, 'data') },
    [Symbol.asyncDispose]: async () => await rm(folder, { recursive: true, force: true }),
  }
}

/** An app on the servers of this run: a database, a prefix and indices of its own. */
export async function serverPlace(): Promise<Place> {
  const server = inject('servers').postgres
  const name = fresh()
  const administer = async (statement: string): Promise<void> => {
    await using database = await openPg({ url: server, poolSize: 1 })
    await database.script(statement)
  }
  await administer(`create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  const embedded = await embeddedPlace()
  return {
    env: {
      ...embedded.env,
      DATABASE_URL: url.href,
      MILLRACE_REDIS_URL: inject('redis'),
      MILLRACE_REDIS_PREFIX: name,
      MILLRACE_ELASTICSEARCH_URL: await elasticsearchUrl(),
      MILLRACE_SEARCH_PREFIX: name,
    },
    [Symbol.asyncDispose]: async () => {
      await administer(`drop database if exists ${name} with (force)`)
      await embedded[Symbol.asyncDispose]()
    },
  }
}

/** Both kinds. */
export const places: readonly (readonly [string, () => Promise<Place>])[] = [
  ['embedded', embeddedPlace],
  ['on servers', serverPlace],
]
