import { isNearOne } from './statistics.ts'
import { valueIn } from './unit.ts'
import type { Unit } from './unit.ts'

/** Work done in one sample. */
interface Sample {
  readonly operations: number
  /** Milliseconds. */
  readonly ms: number
}

/** Works for about `ms` milliseconds. */
export type Sampler = (ms: number) => Promise<Sample>

/** Both sides of a contest, with what they hold open. */
export interface Sides extends AsyncDisposable {
  readonly measured: Sampler
  readonly yardstick: Sampler
}

/** One row to be: what is measured against what. */
export interface Contest {
  readonly name: string
  readonly unit: Unit
  /** What it is measured against. */
  readonly yardstick: string
  /** The least ratio of the measured value to the yardstick's; of times, the greatest. Without it the row only informs. */
  readonly goal?: number
  /** Milliseconds of one side's part of a round, where the pace's are too few. */
  readonly sampleMs?: number
  readonly open: () => Promise<Sides>
}

/** How long a contest takes. */
export interface Pace {
  readonly rounds: number
  /** Milliseconds of one side's part of a round. */
  readonly sampleMs: number
}

const paces = {
  // Many short rounds: what disturbs one sample lasts, and then meets the other side's sample as well.
  nearOne: { rounds: 61, sampleMs: 100 },
  far: { rounds: 21, sampleMs: 150 },
  informative: { rounds: 11, sampleMs: 150 },
} as const satisfies Record<string, Pace>

/**
 * How much longer the round lasts that does not count: Postgres plans a statement anew for its first five executions on
 * each connection, of which there may be 64.
 */
const warmUpFactor = 10

/** Shows that everything runs; says nothing about speed. */
const quickPace: Pace = { rounds: 2, sampleMs: 5 }

/** The pace of a contest: the nearer its goal is to 1, the more rounds it takes to tell. */
export function paceOf({ goal, sampleMs }: Contest, quick: boolean): Pace {
  if (quick) return quickPace
  const pace = paceFor(goal)
  return sampleMs === undefined ? pace : { ...pace, sampleMs }
}

function paceFor(goal: number | undefined): Pace {
  if (goal === undefined) return paces.informative
  return isNearOne(goal) ? paces.nearOne : paces.far
}

/** Values of each round, in the contest's unit. */
export interface Outcome {
  readonly measured: readonly number[]
  readonly yardstick: readonly number[]
}

/** What a run of a contest needs to know. */
export interface RunOptions {
  readonly pace: Pace
  readonly signal: AbortSignal
  /** Called after each round, the warm-up included. */
  readonly onRound: (done: number) => void
}

/**
 * Runs both sides once in every round, so that whatever slows the machine down meets both of them, and lets the other
 * one begin in the next round. The first round warms up and does not count.
 */
export async function runContest({ unit }: Contest, sides: Sides, options: RunOptions): Promise<Outcome> {
  const { pace, signal, onRound } = options
  const outcome = { measured: [] as number[], yardstick: [] as number[] }
  const inTurn = ['measured', 'yardstick'] as const
  for (let round = 0; round <= pace.rounds; round++) {
    for (const side of round % 2 === 0 ? inTurn : inTurn.toReversed()) {
      signal.throwIfAborted()
      const sample = await sides[side](round === 0 ? pace.sampleMs * warmUpFactor : pace.sampleMs)
      if (round > 0) outcome[side].push(valueIn(unit, sample))
    }
    onRound(round + 1)
  }
  return outcome
}
