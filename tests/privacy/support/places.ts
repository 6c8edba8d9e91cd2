import { readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { openPg } from '@millrace/postgres'
import type { SqlDatabase } from '@millrace/postgres'
import { inject } from 'vitest'

import { freshName } from './stores.ts'

/** Where an app keeps everything, as environment variables. */
export interface Place extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>
}

/** Where the events are; state is embedded beside JetStream. */
export const placeKinds = ['embedded', 'postgres', 'jetstream'] as const

async function newDatabase(): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const server = inject('servers').postgres
  const name = freshName('privacy')
  const administer = async (statement: string): Promise<void> => {
    await using database = await openPg({ url: server, poolSize: 1 })
    await database.script(statement)
  }
  await administer(`create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => administer(`drop database if exists ${name} with (force)`) }
}

/** A new place. */
export async function newPlace(kind: (typeof placeKinds)[number]): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-privacy-'))
  const database = kind === 'postgres' ? await newDatabase() : undefined
  return {
    env: {
      MILLRACE_DATA: join(folder, 'data'),
      ...(database === undefined ? {} : { DATABASE_URL: database.url }),
      ...(kind === 'jetstream'
        ? { NATS_URL: inject('servers').nats, NATS_STREAM: freshName('privacy') }
        : {}),
    },
    [Symbol.asyncDispose]: async () => {
      await database?.drop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Every row of every table, as text: what a logical dump of the database holds. */
export async function dumpRows(database: SqlDatabase): Promise<string> {
  const tables = await database.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg_toast%'`,
  )
  const dump: string[] = []
  for (const { name } of tables) {
    const rows = await database.query<{ line: string }>(`select t::text as line from ${name} as t`)
    dump.push(name, ...rows.map(({ line }) => line))
  }
  return dump.join('\n')
}

/** The files below a folder that hold one of the words, as they lie on disk. */
export function filesWith(folder: string, words: readonly string[]): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const file = join(folder, name)
    const found = statSync(file, { throwIfNoEntry: false })
    if (found?.isFile() !== true) return false
    const content = readFileSync(file)
    return words.some((word) => content.includes(word))
  })
}

/** Asks until the answer passes, for at most thirty seconds. */
export async function eventually<Answer>(
  ask: () => Promise<Answer>,
  passes: (answer: Answer) => boolean,
): Promise<Answer> {
  const deadline = performance.now() + 30_000
  for (;;) {
    const answer = await ask()
    if (passes(answer)) return answer
    if (performance.now() > deadline)
      throw new Error(`never came true; the last answer: ${JSON.stringify(answer)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
