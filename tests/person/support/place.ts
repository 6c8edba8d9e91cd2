import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createIdFactory } from '@millrace/contracts'
import { connect } from '@nats-io/transport-node'
import { inject } from 'vitest'

/** Where the app's events are in a test: in an embedded database, or in a stream of its own on the shared server. */
export const placeKinds = ['embedded', 'jetstream'] as const
export type PlaceKind = (typeof placeKinds)[number]

/** A data folder that nothing else uses, and what names the place to the app. Both are gone when it is disposed. */
export interface Place extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>
}

const mint = createIdFactory()

async function deleteStream(servers: string, name: string): Promise<void> {
  const connection = await connect({ servers })
  await connection.request(`$JS.API.STREAM.DELETE.${name}`)
  await connection.close()
}

/** Nothing is created yet: that is for the app. */
export async function newPlace(kind: PlaceKind): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-person-'))
  const natsUrl = inject('servers').nats
  const name = `person_${mint().toLowerCase()}`
  return {
    env: {
      MILLRACE_DATA: folder,
      ...(kind === 'jetstream' ? { NATS_URL: natsUrl, NATS_STREAM: name } : {}),
    },
    [Symbol.asyncDispose]: async () => {
      if (kind === 'jetstream') await deleteStream(natsUrl, name)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
