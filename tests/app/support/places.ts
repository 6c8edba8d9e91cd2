import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { defineApp, openApp } from '@millrace/app'
import { createIdFactory } from '@millrace/contracts'
import { openPg } from '@millrace/postgres'
import { afterAll, beforeAll, inject } from 'vitest'

import { openJetStreamApi } from './jetstream-api.ts'

/** Where an app of a test keeps everything, as environment variables. */
export interface Place extends AsyncDisposable {
  readonly dataDir: string
  readonly env: Readonly<Record<string, string>>
}

/** The kinds of place every app runs in: where its events are. State is embedded beside a JetStream stream. */
export const placeKinds = ['embedded', 'postgres', 'jetstream'] as const

/** One of {@link placeKinds}. */
export type PlaceKind = (typeof placeKinds)[number]

const mint = createIdFactory()

async function newDatabase(): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const server = inject('servers').postgres
  const name = `app_${mint().toLowerCase()}`
  const url = new URL(server)
  url.pathname = `/${name}`
  const administer = async (statement: string): Promise<void> => {
    await using database = await openPg({ url: server, poolSize: 1 })
    await database.script(statement)
  }
  await administer(`create database ${name}`)
  return { url: url.href, drop: () => administer(`drop database if exists ${name} with (force)`) }
}

/** A name no JetStream stream has yet. */
function newStream(): { readonly name: string; drop(): Promise<void> } {
  const name = `app_${mint().toLowerCase()}`
  return {
    name,
    drop: async () => {
      await using jetstream = await openJetStreamApi()
      await jetstream.ask(`STREAM.DELETE.${name}`)
    },
  }
}

/** Nothing yet: a data folder that does not exist, and a new database or stream on the shared servers where that is asked for. */
export async function newPlace(kind: PlaceKind = 'embedded'): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-app-'))
  const dataDir = join(folder, 'data')
  const database = kind === 'postgres' ? await newDatabase() : undefined
  const stream = kind === 'jetstream' ? newStream() : undefined
  return {
    dataDir,
    env: {
      MILLRACE_DATA: dataDir,
      ...(database === undefined ? {} : { DATABASE_URL: database.url }),
      ...(stream === undefined ? {} : { NATS_URL: inject('servers').nats, NATS_STREAM: stream.name }),
    },
    [Symbol.asyncDispose]: async () => {
      await database?.drop()
      await stream?.drop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A data folder with an empty store in it. */
let template = ''

beforeAll(async () => {
  template = await mkdtemp(join(tmpdir(), 'millrace-template-'))
  const app = await openApp(defineApp({ name: 'template' }), { env: {}, dataDir: template })
  await app[Symbol.asyncDispose]()
})

afterAll(() => rm(template, { recursive: true, force: true }))

/** Like {@link newPlace}, with an empty store in it: to copy one is much faster than to create one. */
export async function preparedPlace(kind: PlaceKind = 'embedded'): Promise<Place> {
  const place = await newPlace(kind)
  if (kind === 'postgres') return place
  await mkdir(place.dataDir, { recursive: true })
  await cp(join(template, 'database'), join(place.dataDir, 'database'), { recursive: true })
  return place
}

/** Asks until the answer passes, for at most thirty seconds. */
export async function eventually<Answer>(
  ask: () => Promise<Answer> | Answer,
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
