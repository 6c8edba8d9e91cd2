import {
  createIdFactory,
  createStreamId,
  failpointNames,
  parseCommitId,
  setFailpointHandler,
} from '@millrace/contracts'
import type { EventStore, LogReplacement, NewEvent } from '@millrace/contracts'
import { LogCopier, swapLog } from '@millrace/migration'
import { personDecoding } from '@millrace/person'
import { afterEach, describe, expect, inject, test, vi } from 'vitest'

import { migrate } from './support/command.ts'
import { birthDateSet, collect, nameUpdated } from './support/history.ts'
import { killedAt } from './support/killed-command.ts'
import { newPlace, placeKinds } from './support/places.ts'
import type { LogPlace } from './support/places.ts'

vi.setConfig({ testTimeout: 300_000 })
afterEach(() => setFailpointHandler(undefined))

const ada = createStreamId('person', 'ada')
const decoding = personDecoding

/** A log of three events in three commits. */
async function smallLog(kind: LogPlace['kind']): Promise<LogPlace> {
  const place = await newPlace(kind, inject('servers'))
  await using store = await place.open()
  for (const expectedVersion of [0, 1, 2]) await store.append(ada, [birthDateSet], { expectedVersion })
  return place
}

async function appendTo(place: LogPlace, expectedVersion: number): Promise<void> {
  await using store = await place.open()
  await store.append(ada, [nameUpdated], { expectedVersion })
}

async function versionIn(place: LogPlace): Promise<number> {
  await using store = await place.open()
  return await store.currentVersion(ada)
}

async function swapped(place: LogPlace): Promise<void> {
  for (const verb of ['run', 'swap']) expect(await migrate(place, verb)).toMatchObject({ code: 0 })
}

async function copied(replacement: LogReplacement): Promise<void> {
  const copy = await replacement.openCopy()
  await new LogCopier({ source: replacement.source, copy, decoding }).run()
}

describe.for([...placeKinds])('on %s', (kind) => {
  test('a swap that is said again after it does not let a way back lose what was appended since', async () => {
    await using place = await smallLog(kind)
    await swapped(place)
    await appendTo(place, 3)
    const again = await migrate(place, 'swap', ['--to', `${place.name}_2`])
    expect(again).toMatchObject({ code: 0 })
    expect(again.stdout).toContain('had taken the place')
    expect(await migrate(place, 'swap', ['--back'])).toMatchObject({ code: 1 })
    expect(await versionIn(place)).toBe(4)
  })

  test('who repeats a commit from before a swap gets its first result, although it was lifted since', async () => {
    await using place = await newPlace(kind, inject('servers'))
    const grace = createStreamId('person', 'grace')
    const commitId = parseCommitId(createIdFactory()())
    const first = [birthDateSet, { ...birthDateSet, tags: ['second'] }]
    const say = async (events: readonly NewEvent[]): Promise<unknown> => {
      await using store = await place.open()
      return await store.append(grace, events, { expectedVersion: 'any', commitId })
    }
    await say(first)
    for (let moves = 0; moves < 2; moves++) {
      await swapped(place)
      expect(await say(first)).toMatchObject({ replayed: true, version: 2, commitId })
      await expect(say([birthDateSet])).rejects.toMatchObject({ code: 'ERR_DUPLICATE_EVENT' })
    }
    await using store = await place.open()
    expect(await store.currentVersion(grace)).toBe(2)
  })

  test('only the last move can be taken back', async () => {
    await using place = await smallLog(kind)
    await swapped(place)
    await swapped(place)
    await appendTo(place, 3)
    const back = await migrate(place, 'swap', ['--back', '--to', `${place.name}_2`])
    expect(back.code).not.toBe(0)
    expect(back.stderr).toContain(`${place.name}_3 is taking the place of ${place.name}_2, or has`)
    expect(await versionIn(place)).toBe(4)
    await appendTo(place, 4)
  })

  test('a swap that fails while it fences lets the writers go on', async () => {
    await using place = await smallLog(kind)
    {
      await using replacement = await place.replacement()
      await copied(replacement)
      // Everything is done by the real one; what it answers gets lost.
      const failing: LogReplacement = {
        ...bound(replacement),
        fence: async () => {
          await replacement.fence()
          throw new Error('the connection was lost')
        },
      }
      await expect(swapLog({ replacement: failing, decoding })).rejects.toThrow('the connection was lost')
    }
    await appendTo(place, 3)
    expect(await versionIn(place)).toBe(4)
  })

  test('what could not be unfenced is said', async () => {
    await using place = await smallLog(kind)
    await using replacement = await place.replacement()
    await copied(replacement)
    const failing: LogReplacement = {
      ...bound(replacement),
      fence: () => Promise.reject(new Error('the connection was lost')),
      unfence: () => Promise.reject(new Error('and is not back')),
    }
    await expect(swapLog({ replacement: failing, decoding })).rejects.toMatchObject({
      code: 'ERR_SWAP_REFUSED',
      message: expect.stringContaining('and is not back') as string,
      cause: { message: 'the connection was lost' },
    })
  })
})

/** All of a replacement, to be changed in parts. */
function bound(replacement: LogReplacement): LogReplacement {
  return {
    from: replacement.from,
    to: replacement.to,
    source: replacement.source,
    state: async () => await replacement.state(),
    findCopy: async () => await replacement.findCopy(),
    openCopy: async (options) => await replacement.openCopy(options),
    fence: async () => await replacement.fence(),
    unfence: async () => await replacement.unfence(),
    complete: async () => await replacement.complete(),
    revert: async () => await replacement.revert(),
    [Symbol.asyncDispose]: async () => await replacement[Symbol.asyncDispose](),
  }
}

describe.for(['jetstream', 'postgres'] as const)('two swaps at once on %s', (kind) => {
  async function interrupted(
    place: LogPlace,
    meanwhile: (other: LogReplacement, store: EventStore) => Promise<void>,
  ): Promise<unknown> {
    await using first = await place.replacement()
    await copied(first)
    await using other = await place.replacement()
    await using store = await place.open()
    let hits = 0
    setFailpointHandler(async (name) => {
      if (name !== 'swap:before-switch') return
      hits += 1
      await meanwhile(other, store)
    })
    const failure = await swapLog({ replacement: first, decoding }).catch((error: unknown) => error)
    setFailpointHandler(undefined)
    expect(hits).toBe(1)
    return failure
  }

  test('lose nothing where the second takes the fence of the first away', async () => {
    await using place = await smallLog(kind)
    const failure = await interrupted(place, async (other, store) => {
      await other.unfence()
      await store.append(ada, [nameUpdated], { expectedVersion: 3 })
    })
    expect(failure).toMatchObject({ code: 'ERR_CONFIGURATION' })
    expect(await versionIn(place)).toBe(4)
    await appendTo(place, 4)
  })

  test('lose nothing where the second has fenced it again since', async () => {
    await using place = await smallLog(kind)
    const failure = await interrupted(place, async (other, store) => {
      await other.unfence()
      await store.append(ada, [nameUpdated], { expectedVersion: 3 })
      await other.fence()
    })
    expect(failure).toMatchObject({ code: 'ERR_CONCURRENCY' })
    expect(await migrate(place, 'swap')).toMatchObject({ code: 0 })
    expect(await versionIn(place)).toBe(4)
    await appendTo(place, 4)
  })

  test('keep the fence of a swap to another copy', async () => {
    await using place = await smallLog(kind)
    await using first = await place.replacement()
    await copied(first)
    expect(await migrate(place, 'run', ['--to', `${place.name}_x`])).toMatchObject({ code: 0 })
    await first.fence()
    const other = await migrate(place, 'swap', ['--to', `${place.name}_x`])
    expect(other.code).not.toBe(0)
    expect(await first.state()).toEqual({ kind: 'fenced', by: `${place.name}_2` })
  })
})

describe('a swap on jetstream that dies between its changes to the two streams', () => {
  const steps = failpointNames.filter((name) => /^swap:(before|after)-(pointer|return)$/.test(name))

  test.each(steps.filter((name) => name.endsWith('-pointer')))(
    'at %s, is finished by another',
    async (at) => {
      await using place = await smallLog('jetstream')
      expect(await migrate(place, 'run')).toMatchObject({ code: 0 })
      expect(await killedAt(`${at}#1`, place, 'swap')).toBe(true)
      expect(await migrate(place, 'swap')).toMatchObject({ code: 0 })
      await using store = await place.open()
      expect((await collect(store.readAll())).map(({ schemaVersion }) => schemaVersion)).toEqual([3, 3, 3])
      await store.append(ada, [nameUpdated], { expectedVersion: 3 })
    },
  )

  test.each(steps.filter((name) => name.endsWith('-pointer')))('at %s, is undone by another', async (at) => {
    await using place = await smallLog('jetstream')
    expect(await migrate(place, 'run')).toMatchObject({ code: 0 })
    expect(await killedAt(`${at}#1`, place, 'swap')).toBe(true)
    expect(await migrate(place, 'swap', ['--back'])).toMatchObject({ code: 0 })
    await using store = await place.open()
    expect((await collect(store.readAll())).map(({ schemaVersion }) => schemaVersion)).toEqual([1, 1, 1])
    await store.append(ada, [nameUpdated], { expectedVersion: 3 })
  })

  test.each(steps.filter((name) => name.endsWith('-return')))(
    'back, at %s, is finished by another',
    async (at) => {
      await using place = await smallLog('jetstream')
      await swapped(place)
      expect(await killedAt(`${at}#1`, place, 'swap', ['--back'])).toBe(true)
      // Nothing else begins before that has ended.
      const next = await migrate(place, 'run')
      expect(next).toMatchObject({ code: 2 })
      expect(next.stderr).toContain('is being put back')
      expect(await migrate(place, 'swap', ['--back'])).toMatchObject({ code: 0 })
      await using store = await place.open()
      expect((await collect(store.readAll())).map(({ schemaVersion }) => schemaVersion)).toEqual([1, 1, 1])
      await store.append(ada, [nameUpdated], { expectedVersion: 3 })
    },
  )
})
