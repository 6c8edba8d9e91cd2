import type { FailpointName } from '@millrace/contracts'

import { createRandom } from '../support/random.ts'
import { CrashScene } from './crash-scene.ts'
import type { ScenePace } from './crash-scene.ts'
import { countPasses, freshModels, killAt } from './kill-run.ts'
import type { KillReport } from './kill-run.ts'

/** Where a projector comes by, and at which of its passes it is killed there; with `rebuild` while it builds anew. */
interface Place {
  readonly at: FailpointName
  readonly passing: number
  readonly rebuild: boolean
}

const onTheWay: readonly FailpointName[] = [
  'handler:before',
  'handler:after',
  'advance:before-commit',
  'advance:after-commit',
]
const atTakeover: readonly FailpointName[] = ['recover:before-commit', 'recover:after-commit']
/** The first build of a read model is read from the beginning on: only one that follows it is switched. */
const atTheSwitch: readonly FailpointName[] = ['projection:before-switch', 'projection:after-switch']

/** Every failpoint of a projector, also while it builds anew what is read already. */
export const projectorPlaces: readonly Place[] = [
  ...onTheWay.flatMap((at) => [
    { at, passing: 1, rebuild: false },
    { at, passing: 9, rebuild: false },
  ]),
  ...atTakeover.map((at) => ({ at, passing: 1, rebuild: false })),
  ...atTheSwitch.map((at) => ({ at, passing: 1, rebuild: true })),
]

/** Settings of {@link runKillCampaign}. */
export interface CampaignOptions extends ScenePace {
  readonly postgres: string
  /** Kills at places drawn by lot, a third of them while a read model is built anew. */
  readonly randomKills: number
  readonly onKill?: (kill: JudgedKill) => void
}

/** One kill and what came of it. */
interface JudgedKill extends KillReport {
  /** From 1. */
  readonly number: number
  readonly of: number
  readonly at: string
}

/** What a campaign has shown. */
export interface CampaignVerdict {
  readonly events: number
  readonly kills: readonly JudgedKill[]
  /** Kills that found work under way. */
  readonly hits: number
  /** Read models that differed, kills that missed a named place, and runs that broke. */
  readonly failed: readonly JudgedKill[]
}

interface Planned {
  readonly at: string
  readonly kill: () => Promise<KillReport>
}

/** After a kill most of the time is waiting for the dead owner's leases to end. */
const lanes = 3

async function plan(scene: CrashScene, { randomKills, seed }: CampaignOptions): Promise<readonly Planned[]> {
  const random = createRandom(seed)
  const passes = {
    built: await countPasses(scene, freshModels(2), false),
    rebuilt: await countPasses(scene, freshModels(2), true),
  }
  const named = projectorPlaces.map(({ at, passing, rebuild }) => ({
    at: `${at} #${passing}${rebuild ? ' of a rebuild' : ''}`,
    kill: async () =>
      await killAt(scene, {
        ...scene.settings(freshModels(1)),
        rebuild,
        fault: { at, passing, signal: 'SIGKILL' },
      }),
  }))
  const anywhere = Array.from({ length: randomKills }, (_, n) => {
    const rebuild = n % 3 === 2
    // The last few passes are those of the end: what is killed there has nothing left to lose.
    const passing = 1 + Math.floor(random() * 0.9 * (rebuild ? passes.rebuilt : passes.built))
    const delayMs = random() * 8
    const partitions = n % 2 === 0 ? 1 : 2
    return {
      at: `pass ${passing} + ${delayMs.toFixed(1)} ms${rebuild ? ' of a rebuild' : ''}`,
      kill: async () => {
        const settings = { ...scene.settings(freshModels(partitions)), rebuild }
        return await killAt(scene, { ...settings, fault: { at: 'any', passing, signal: 'ask' } }, delayMs)
      },
    }
  })
  return [...named, ...anywhere]
}

/** A read model that did not get finished is the worst of outcomes, and no reason to judge the others no more. */
function asReport(error: unknown): KillReport {
  const problem = error instanceof Error ? error.message : String(error)
  return { hit: true, handled: 0, problems: [problem] }
}

/**
 * Kills projectors with SIGKILL at every failpoint and at places drawn by lot, lets others finish their work, and compares
 * each read model with a fresh fold of the log.
 */
export async function runKillCampaign(options: CampaignOptions): Promise<CampaignVerdict> {
  await using scene = await CrashScene.open(options.postgres, options)
  const planned = await plan(scene, options)
  const kills: JudgedKill[] = []
  const failed: JudgedKill[] = []
  const rest = planned.values()
  async function lane(): Promise<void> {
    for (const { at, kill } of rest) {
      const report = await kill().catch(asReport)
      const judged = { number: kills.length + 1, of: planned.length, at, ...report }
      kills.push(judged)
      const mustHit = !at.startsWith('pass')
      if (report.problems.length > 0 || (mustHit && !report.hit)) failed.push(judged)
      options.onKill?.(judged)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return { events: scene.truth.events, kills, hits: kills.filter(({ hit }) => hit).length, failed }
}
