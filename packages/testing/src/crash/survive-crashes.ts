import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'

import { InvalidValueError } from '@millrace/contracts'

import { failure, mismatch } from '../difference/mismatch.ts'
import { nameOf } from '../failpoints/place.ts'
import type { HitReport } from './orders.ts'
import { chooseSeed, createRandom, seedVariable } from './random.ts'
import { startReportingScript, startScript } from './script-process.ts'
import type { CrashPoint, Exit, ScriptOptions } from './script-process.ts'

/** A fresh place for one run that is killed and the run that follows: a folder, a schema, a stream. */
export interface CrashStage<Result> extends AsyncDisposable {
  /** What the script is started with, the same both times. */
  readonly script: Omit<ScriptOptions, 'crash'>
  /** What is there afterwards: equal to what an undisturbed run leaves. Leave out ids and times that differ anyway. */
  readonly result: () => Result | Promise<Result>
}

/** Settings of {@link surviveCrashes}. */
export interface CrashPlan<Result> {
  /** Ends by itself, and does what is left to do when it is started again. */
  readonly script: URL | string
  readonly open: () => Promise<CrashStage<Result>>
  /** @defaultValue none */
  readonly at?: readonly CrashPoint[]
  /** Kills at random passes of any failpoint. @defaultValue 0 */
  readonly randomKills?: number
  /** @defaultValue `MILLRACE_SEED`, else from the clock */
  readonly seed?: number
  /** Milliseconds a run may take. @defaultValue 30_000 */
  readonly timeoutMs?: number
  /** Is told the seed. @defaultValue a line on standard error */
  readonly print?: (line: string) => void
}

/** What was survived. */
export interface CrashVerdict<Result> {
  readonly seed: number
  /** What an undisturbed run leaves, and each that was killed. */
  readonly result: Result
  /** How often an undisturbed run reaches each place. */
  readonly passes: HitReport
  /** Each hit its place. */
  readonly kills: readonly Required<CrashPoint>[]
}

interface Undisturbed<Result> {
  readonly result: Result
  readonly passes: HitReport
}

function printToStandardError(line: string): void {
  process.stderr.write(`${line}\n`)
}

function endOf({ code, signal }: Exit): string {
  return signal === null ? `ended with code ${code}` : `was ended by ${signal}`
}

/** One plan, carried out. */
class CrashCampaign<Result> {
  readonly #plan: CrashPlan<Result>
  readonly #seed: number

  constructor(plan: CrashPlan<Result>, seed: number) {
    this.#plan = plan
    this.#seed = seed
  }

  async run(): Promise<CrashVerdict<Result>> {
    const { at = [], randomKills = 0 } = this.#plan
    const undisturbed = await this.#undisturbed()
    const total = Object.values(undisturbed.passes).reduce((sum, count) => sum + count, 0)
    if (randomKills > 0 && total === 0) throw this.#failure('the script reaches no failpoint')
    const random = createRandom(this.#seed)
    const kills = [
      ...at.map((point) => ({ at: point.at, hit: point.hit ?? 1 })),
      ...Array.from({ length: randomKills }, () => ({
        at: 'any' as const,
        hit: 1 + Math.floor(random() * total),
      })),
    ]
    for (const kill of kills) await this.#survive(kill, undisturbed.result)
    return { seed: this.#seed, ...undisturbed, kills }
  }

  async #undisturbed(): Promise<Undisturbed<Result>> {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-testing-'))
    try {
      const report = join(folder, 'hits.json')
      await using stage = await this.#plan.open()
      await using script = startReportingScript(this.#plan.script, stage.script, report)
      const exit = await script.ended(this.#plan.timeoutMs)
      if (exit.code !== 0) throw this.#failure(`undisturbed, the script ${endOf(exit)}\n${script.stderr}`)
      const passes = JSON.parse(await readFile(report, 'utf8')) as HitReport
      return { result: await stage.result(), passes }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  async #survive(kill: Required<CrashPoint>, expected: Result): Promise<void> {
    const where = `killed at ${kill.at === 'any' ? 'pass' : nameOf(kill.at)} ${kill.hit}`
    await using stage = await this.#plan.open()
    await this.#runAndKill(stage, kill, where)
    await this.#runAgain(stage, where)
    const actual = await stage.result()
    if (isDeepStrictEqual(actual, expected)) return
    const problem = `${where} and started again, it left something else than undisturbed${this.#repeat()}`
    throw mismatch({ problem, expected, actual })
  }

  async #runAndKill(stage: CrashStage<Result>, crash: CrashPoint, where: string): Promise<void> {
    await using script = startScript(this.#plan.script, { ...stage.script, crash })
    const exit = await script.ended(this.#plan.timeoutMs)
    if (exit.signal === 'SIGKILL') return
    throw this.#failure(
      `to be ${where}, the script never came there and ${endOf(exit)}; it must use the same copy of @millrace/contracts\n${script.stderr}`,
    )
  }

  async #runAgain(stage: CrashStage<Result>, where: string): Promise<void> {
    await using script = startScript(this.#plan.script, stage.script)
    const exit = await script.ended(this.#plan.timeoutMs)
    if (exit.code !== 0)
      throw this.#failure(`${where} and started again, the script ${endOf(exit)}\n${script.stderr}`)
  }

  #failure(problem: string): Error {
    return failure(`${problem}${this.#repeat()}`)
  }

  #repeat(): string {
    return `\n${seedVariable}=${this.#seed} repeats the random kills`
  }
}

/**
 * Runs a script undisturbed and looks at what it leaves. Then, each time in a fresh place, kills it with SIGKILL at a
 * failpoint, starts it again and expects the same. Prints the seed of the random kills before the first one.
 *
 * @throws AssertionError where a kill did not hit its place, a restart fails, or something else is left than by the
 * undisturbed run; the message names the kill and the seed
 */
export async function surviveCrashes<Result>(plan: CrashPlan<Result>): Promise<CrashVerdict<Result>> {
  const { seed = chooseSeed(), print = printToStandardError, at = [], randomKills = 0 } = plan
  if (at.length + randomKills < 1)
    throw new InvalidValueError('at', 'at least one place, or randomKills above 0')
  if (randomKills > 0) print(`${seedVariable}=${seed} repeats the random kills`)
  return await new CrashCampaign(plan, seed).run()
}
