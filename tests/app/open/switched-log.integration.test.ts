import { openApp } from '@millrace/app'
import { openPglite } from '@millrace/postgres'
import { expect, test } from 'vitest'

import { openJetStreamApi } from '../support/jetstream-api.ts'
import { eventually, preparedPlace } from '../support/places.ts'
import type { Place } from '../support/places.ts'
import { cart, createShop, event } from '../support/shop.ts'

// Each opens an embedded database several times, which takes seconds on a busy machine.
const patience = { timeout: 120_000 }

type Env = Readonly<Record<string, string>>

/** Lets the shop handle one event there, and closes it. */
async function work(env: Env): Promise<void> {
  const shop = createShop()
  await using app = await openApp(shop.definition, { env })
  await app.store.append(cart('1'), [event('ordered', 1)], { expectedVersion: 'any' })
  await eventually(
    () => shop.delivered,
    ({ length }) => length === 1,
  )
}

/** What opening the shop there is refused with, run or looked at; nothing is handled. */
async function refusals(env: Env): Promise<readonly unknown[]> {
  const shop = createShop()
  const refused: unknown[] = []
  for (const mode of ['run', 'inspect'] as const) {
    const opening = openApp(shop.definition, { env, mode })
    refused.push(
      await opening.then(
        async (app) => await app[Symbol.asyncDispose](),
        (error: unknown) => error,
      ),
    )
  }
  expect(shop.delivered).toEqual([])
  return refused
}

async function checkpointsIn({ dataDir }: Place): Promise<readonly unknown[]> {
  await using database = await openPglite({ dataDir: `${dataDir}/database` })
  return await database.query(
    'select generation, checkpoint_commit::text from millrace.processor_partitions order by processor, partition',
  )
}

const stateOnly = (place: Place): Env => ({ MILLRACE_DATA: place.dataDir })
/** Checks that both logs are named. */
function expectRefusal(error: unknown, ...texts: readonly string[]): void {
  expect(error).toMatchObject({ code: 'ERR_CONFIGURATION', setting: 'NATS_URL' })
  for (const text of texts) expect((error as Error).message).toContain(text)
}

test(
  'a NATS server that is named later is refused: the state has checkpoints of the log in the database',
  patience,
  async () => {
    await using place = await preparedPlace('jetstream')
    await work(stateOnly(place))
    const before = await checkpointsIn(place)
    const stream = place.env['NATS_STREAM'] ?? ''
    const [run] = await refusals(place.env)
    expectRefusal(run, stream, 'does not exist yet', place.dataDir, 'millrace', 'generation')
    await using jetstream = await openJetStreamApi()
    // Nothing was created for it.
    expect(await jetstream.ask(`STREAM.INFO.${stream}`)).toMatchObject({ error: { err_code: 10_059 } })
    expect(await checkpointsIn(place)).toEqual(before)
  },
)

test('a NATS server that is no longer named is refused, and named again all goes on', patience, async () => {
  await using place = await preparedPlace('jetstream')
  await work(place.env)
  const before = await checkpointsIn(place)
  const [run, look] = await refusals(stateOnly(place))
  const stream = place.env['NATS_STREAM'] ?? ''
  for (const error of [run, look]) {
    expectRefusal(error, 'is not set', stream, place.dataDir, 'generation')
    expect(error).toMatchObject({ cause: { code: 'ERR_LOG_REPLACED' } })
  }
  expect(await checkpointsIn(place)).toEqual(before)
  await work(place.env)
})

test(
  'another stream than that of the checkpoints is refused, one with events of its own too',
  patience,
  async () => {
    await using place = await preparedPlace('jetstream')
    await using other = await preparedPlace('jetstream')
    await work(place.env)
    await work(other.env)
    const switched = { ...other.env, ...stateOnly(place) }
    // A definition that has no processors any more is refused as well.
    const opening = openApp({ ...createShop().definition, processors: () => [] }, { env: switched })
    await expect(opening).rejects.toMatchObject({ code: 'ERR_CONFIGURATION', setting: 'NATS_URL' })
    const [ours, theirs] = [place.env['NATS_STREAM'] ?? '', other.env['NATS_STREAM'] ?? '']
    for (const error of await refusals(switched)) {
      expectRefusal(error, theirs, ours, place.dataDir, 'generation')
      expect(error).toMatchObject({ cause: { code: 'ERR_LOG_REPLACED' } })
    }
  },
)
