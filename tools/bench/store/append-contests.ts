import type { StreamId } from '@millrace/contracts'

import type { Contest, Sides } from '../harness/contest.ts'
import { atOnce } from '../harness/samplers.ts'
import { openArena, schemas } from './arena.ts'
import type { DurablePostgres } from './durable-postgres.ts'
import { newEvents, streamIds } from './events.ts'
import { handAppend } from './hand-append.ts'

const unit = 'events/s'
const yardstick = 'the same writes in one hand-written statement'

/** How many events an append has, and how many appends are under way at once. */
interface Load {
  readonly size: number
  readonly writers: number
}

/**
 * Milliseconds of a sample, where a tenth of a second is too little: 64 writers would append ten times each, and when the
 * last of them end would weigh too much; one writer waits for the disk each time, and the disk is not always as quick.
 */
const longerSampleMs = 250

function sampleMsOf({ size, writers }: Load): { readonly sampleMs?: number } {
  return writers === 64 || (writers === 1 && size === 1) ? { sampleMs: longerSampleMs } : {}
}

/** Every append goes to a stream of its own, which must not exist. */
async function openNewStreams(server: DurablePostgres, { size, writers }: Load): Promise<Sides> {
  const arena = await openArena(server, writers)
  const [events, byHand] = [newEvents(size), handAppend(schemas.theirs, size)]
  const [ourIds, theirIds] = [streamIds('order'), streamIds('order')]
  return {
    measured: atOnce({ workers: writers, size }, () =>
      arena.store.append(ourIds(), events, { expectedVersion: 'no-stream' }),
    ),
    yardstick: atOnce({ workers: writers, size }, () =>
      byHand(arena.send, { streamId: theirIds(), expected: 0 }),
    ),
    [Symbol.asyncDispose]: () => arena[Symbol.asyncDispose](),
  }
}

function newStreams(server: DurablePostgres, load: Load, goal?: number): Contest {
  const { size, writers } = load
  return {
    name: `postgres append(${size}), ${writers} ${writers === 1 ? 'writer' : 'writers'}`,
    unit,
    yardstick,
    ...(goal === undefined ? {} : { goal }),
    ...sampleMsOf(load),
    open: () => openNewStreams(server, load),
  }
}

/** A stream that grows. */
interface Growing {
  readonly streamId: StreamId
  version: number
}

const growingStreams = 50

function growing(): () => Growing {
  const nextId = streamIds('order')
  const all = Array.from({ length: growingStreams }, (): Growing => ({ streamId: nextId(), version: 0 }))
  let turn = 0
  return () => all[(turn += 1) % growingStreams] as Growing
}

/** Every append goes to one of a few streams, at the version it is known to have. */
async function openKnownStreams(server: DurablePostgres): Promise<Sides> {
  const arena = await openArena(server)
  const [events, byHand] = [newEvents(1), handAppend(schemas.theirs, 1)]
  const [ours, theirs] = [growing(), growing()]
  return {
    measured: atOnce({ workers: 1, size: 1 }, async () => {
      const stream = ours()
      stream.version = (
        await arena.store.append(stream.streamId, events, { expectedVersion: stream.version })
      ).version
    }),
    yardstick: atOnce({ workers: 1, size: 1 }, async () => {
      const stream = theirs()
      await byHand(arena.send, { streamId: stream.streamId, expected: stream.version })
      stream.version += 1
    }),
    [Symbol.asyncDispose]: () => arena[Symbol.asyncDispose](),
  }
}

const goal = 0.85

/** Appends against the statement that makes the same writes. */
export function appendContests(server: DurablePostgres): readonly Contest[] {
  return [
    ...[1, 16, 64].map((writers) => newStreams(server, { size: 1, writers }, goal)),
    ...[1, 16, 64].map((writers) => newStreams(server, { size: 100, writers }, goal)),
    newStreams(server, { size: 10, writers: 1 }),
    newStreams(server, { size: 1000, writers: 1 }),
    {
      name: 'postgres append(1) at a known version, 1 writer',
      unit,
      yardstick,
      goal,
      ...sampleMsOf({ size: 1, writers: 1 }),
      open: () => openKnownStreams(server),
    },
  ]
}
