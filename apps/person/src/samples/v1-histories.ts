import { createStreamId } from '@millrace/contracts'
import type { EventId, NewEvent, StreamId } from '@millrace/contracts'
import { ulid } from 'ulid'

import { personCategory } from '../person/category.ts'
import { createDraws } from './random.ts'
import type { Draws } from './random.ts'
import { V1Life } from './v1-life.ts'
import type { KindV1 } from './v1-life.ts'

/** The whole history of one person as the first generation wrote it; meant to be appended as one commit. */
export interface V1History {
  readonly streamId: StreamId
  /** With ids, times and schema version 1. */
  readonly events: readonly NewEvent[]
}

/** Settings of {@link v1Histories}. */
export interface V1HistoryOptions {
  /** How many events there are in all, exactly; from 13 on all eleven kinds are among them. */
  readonly events: number
  /** The same seed gives the same histories, ids included. @defaultValue 1 */
  readonly seed?: number
  /** What every key begins with, so that one store can take several. @defaultValue `v1` */
  readonly prefix?: string
}

const firstLives: readonly (readonly KindV1[])[] = [
  [
    'PersonCreated',
    'NameUpdated',
    'PersonUpdated',
    'BirthDateSet',
    'AttributeRecorded',
    'AttributeUpdated',
    'AttributeInvalidated',
    'PersonDeactivated',
    'PersonReactivated',
    'DeathRecorded',
  ],
  ['PersonCreated', 'PersonDeactivated', 'PersonMergedInto'],
]

const longestLife = 16
const endings: ReadonlySet<KindV1> = new Set(['PersonMergedInto', 'DeathRecorded'])

function nextKind(life: V1Life, draws: Draws): KindV1 | undefined {
  const [first, ...rest] = life.possible
  if (first === undefined) return undefined
  const kind = draws.pick([first, ...rest])
  // Drawn twice before it counts: lives would be short otherwise.
  return endings.has(kind) ? draws.pick([first, ...rest]) : kind
}

/**
 * People as the first generation recorded them: as many events as asked for, each history in an order that makes sense.
 * Deterministic: no clock, no chance beside the seed, so that an import can be repeated under the same ids.
 */
export function* v1Histories(options: V1HistoryOptions): Generator<V1History, void, undefined> {
  const { events: wanted, seed = 1, prefix = 'v1' } = options
  const draws = createDraws(seed)
  const keyOf = (index: number): string => `${prefix}-${String(index).padStart(6, '0')}`
  let left = wanted
  for (let index = 0; left > 0; index++) {
    const life = new V1Life(draws, () => keyOf(index === 0 ? 0 : draws.whole(0, index - 1)))
    const plan = firstLives[index]
    const length = Math.min(left, plan?.length ?? draws.whole(1, longestLife))
    const events: NewEvent[] = []
    while (events.length < length) {
      const kind = plan?.[events.length] ?? nextKind(life, draws)
      if (kind === undefined) break
      const event = life.live(kind)
      events.push({
        ...event,
        id: ulid(life.time, draws.fraction) as EventId,
        occurredAt: new Date(life.time),
      })
    }
    left -= events.length
    yield { streamId: createStreamId(personCategory, keyOf(index)), events }
  }
}
