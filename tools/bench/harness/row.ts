import type { Contest, Outcome } from './contest.ts'
import { holds, median, medianInterval } from './statistics.ts'
import type { Interval } from './statistics.ts'
import { isTime } from './unit.ts'
import type { Unit } from './unit.ts'

/** What is printed of a contest. */
export interface Row {
  readonly suite: string
  readonly name: string
  /** Median of the rounds, in `unit`. */
  readonly value: number
  readonly unit: Unit
  /** What it is measured against, in the same rounds. */
  readonly yardstick: string
  /** Median of the rounds' ratios of the value to the yardstick's. */
  readonly ratio: number
  /** The least ratio, of times the greatest; null where the row only informs. */
  readonly goal: number | null
  /** Null without a goal, and in a quick run, which judges nothing. */
  readonly holds: boolean | null
}

/** A row with what it was made from. */
export interface Result {
  readonly row: Row
  /** Holds the true ratio in 95 % of all runs; of few rounds, the lowest and highest ratio. */
  readonly interval: Interval
  readonly rounds: Outcome
}

const rounded = (value: number, digits: number): number => Number(value.toPrecision(digits))

/** Judges an outcome; a quick one gets no verdict. */
export function resultOf(
  suite: string,
  contest: Contest,
  { outcome, quick }: { readonly outcome: Outcome; readonly quick: boolean },
): Result {
  const ratios = outcome.measured.map((value, i) => value / (outcome.yardstick[i] ?? Number.NaN))
  const { name, unit, yardstick, goal } = contest
  return {
    row: {
      suite,
      name,
      value: rounded(median(outcome.measured), 5),
      unit,
      yardstick,
      ratio: rounded(median(ratios), 4),
      goal: goal ?? null,
      holds: goal === undefined || quick ? null : holds(ratios, goal, isTime(unit) ? 'most' : 'least'),
    },
    interval: medianInterval(ratios),
    rounds: outcome,
  }
}
