import { paceOf, runContest } from './contest.ts'
import type { Contest } from './contest.ts'
import { resultOf } from './row.ts'
import type { Result } from './row.ts'
import type { Suite } from './suite.ts'

/** Hears how far a run is. */
export interface ProgressListener {
  /** `done` from 0 to 1. */
  readonly progress: (done: number, contest: string) => void
}

/** Hears of each result as soon as it is there, so that a run that ends early does not lose them. */
interface ResultListener {
  readonly result: (result: Result) => void
}

/** What a run does. */
export interface SuiteRun extends ProgressListener, ResultListener {
  readonly quick: boolean
  /** Only contests whose name holds this text. */
  readonly only: string
  readonly signal: AbortSignal
}

async function compete(contest: Contest, suite: string, run: SuiteRun): Promise<Result> {
  const { quick, signal, progress } = run
  const pace = paceOf(contest, quick)
  await using sides = await contest.open()
  const outcome = await runContest(contest, sides, {
    pace,
    signal,
    onRound: (done) => progress(done / (pace.rounds + 1), contest.name),
  })
  return resultOf(suite, contest, { outcome, quick })
}

/** Runs the contests one after another. @throws the first failure, and the signal's reason */
export async function runSuite(suite: Suite, run: SuiteRun): Promise<void> {
  await using open = suite.open(run)
  const contests = open.contests.filter(({ name }) => name.includes(run.only))
  const weights = contests.map((contest) => paceOf(contest, run.quick).rounds)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let before = 0
  for (const [i, contest] of contests.entries()) {
    const weight = weights[i] ?? 0
    const progress = (done: number): void => run.progress((before + done * weight) / total, contest.name)
    progress(0)
    run.result(await compete(contest, suite.name, { ...run, progress }))
    before += weight
  }
}
