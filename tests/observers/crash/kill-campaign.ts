import type { FailpointName } from '@millrace/contracts'
import { createRandom } from '@millrace/testing'

import { CrashScene } from './crash-scene.ts'
import type { Kill, KillReport, SceneReport } from './crash-scene.ts'

/** Settings of {@link runKillCampaign}. */
export interface CampaignOptions {
  readonly postgres: string
  readonly seed: number
  /** Where listeners are killed. @defaultValue {@link listenerPlaces} */
  readonly places?: readonly Place[]
  /** Kills at places and moments drawn by lot. */
  readonly randomKills: number
  readonly leaseTtlMs: number
  readonly onKill?: (kill: JudgedKill) => void
  /** Ends it after the kills under way; what was seen until then is judged. @defaultValue never */
  readonly signal?: AbortSignal
}

/** One kill and what it did. */
interface JudgedKill extends KillReport {
  /** From 1. */
  readonly number: number
  readonly of: number
  readonly at: string
}

/** What a campaign has shown. */
export interface CampaignVerdict extends Omit<SceneReport, 'longestRerunMs'> {
  readonly planned: number
  readonly kills: readonly JudgedKill[]
  /** Kills that cut off a delivery between its sending and its record. */
  readonly inWindow: number
  readonly longestRerunMs: number
}

/** Side by side, each with a table, a ledger and a receiver of its own: after a kill there is a lease to wait for. */
const lanes = 2
const pauseMs = 60
/** Passes of a listener in about a second. */
const longestWay = 250
const longestDelayMs = 8

const often: readonly FailpointName[] = [
  'handler:before',
  'handler:after',
  'advance:before-commit',
  'advance:after-commit',
  'settle:before-commit',
  'settle:after-commit',
  'action:before-send',
  'action:after-send',
]

/** A failpoint, and the pass a listener is killed at. */
type Place = Omit<Kill, 'delayMs'>

const each = (passing: number): readonly Place[] => often.map((at) => ({ at, passing }))

/** Every failpoint on the way of a listener; the first two before anything is registered. */
export const listenerPlaces: readonly Place[] = [
  { at: 'register:before-commit', passing: 1 },
  { at: 'register:after-commit', passing: 2 },
  ...each(6),
  { at: 'recover:before-commit', passing: 1 },
  { at: 'recover:after-commit', passing: 2 },
  // A capture that fits its table is looked at first, and mended then.
  { at: 'capture:before-commit', passing: 2 },
  { at: 'capture:after-commit', passing: 2 },
  { at: 'prune:before-commit', passing: 2 },
  { at: 'prune:after-commit', passing: 2 },
]

/** The same, and what is passed often at further passes: the very first, and one in the middle of the work. */
export const furtherPlaces: readonly Place[] = [...listenerPlaces, ...each(1), ...each(40)]

function planOf({ places = listenerPlaces, randomKills, seed }: CampaignOptions): readonly Kill[] {
  const random = createRandom(seed)
  const named = places.map((place) => ({ ...place, delayMs: 0 }))
  const drawn = Array.from({ length: randomKills }, () => ({
    at: 'any' as const,
    passing: 1 + Math.floor(random() * longestWay),
    delayMs: random() * longestDelayMs,
  }))
  return [...named, ...drawn]
}

function textOf({ at, passing, delayMs }: Kill): string {
  return at === 'any' ? `pass ${passing} + ${delayMs.toFixed(1)} ms` : `${at} #${passing}`
}

function sum(reports: readonly SceneReport[]): SceneReport {
  const total = (of: (report: SceneReport) => number): number =>
    reports.reduce((all, report) => all + of(report), 0)
  return {
    problems: reports.flatMap(({ problems }) => problems),
    changes: total(({ changes }) => changes),
    delivered: total(({ delivered }) => delivered),
    arrivals: total(({ arrivals }) => arrivals),
    cut: total(({ cut }) => cut),
    sentCut: total(({ sentCut }) => sentCut),
    shown: total(({ shown }) => shown),
    longestRerunMs: Math.max(...reports.map(({ longestRerunMs }) => longestRerunMs)),
  }
}

/**
 * Kills listeners with SIGKILL at every failpoint and at places drawn by lot while rows are written, and compares at the end
 * what was committed, what came in, and what the ledger says.
 */
export async function runKillCampaign(options: CampaignOptions): Promise<CampaignVerdict> {
  const planned = planOf(options)
  const kills: JudgedKill[] = []
  const rest = planned.values()
  async function lane(number: number): Promise<SceneReport> {
    const { postgres, leaseTtlMs, seed } = options
    const random = createRandom(seed + number)
    await using scene = await CrashScene.open({ postgres, leaseTtlMs, random, pauseMs })
    for (const kill of rest) {
      const report = await scene.kill(kill)
      const judged = { number: kills.length + 1, of: planned.length, at: textOf(kill), ...report }
      kills.push(judged)
      options.onKill?.(judged)
      if (options.signal?.aborted === true) break
    }
    return await scene.finish()
  }
  const ends = await Promise.allSettled(Array.from({ length: lanes }, async (_, n) => await lane(n)))
  const broken = ends.find((end) => end.status === 'rejected')
  if (broken !== undefined) throw broken.reason
  const summed = sum(ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : [])))
  const missed = kills.flatMap(({ at, problem }) => (problem === undefined ? [] : [`${at}: ${problem}`]))
  return {
    ...summed,
    problems: [...missed, ...summed.problems],
    planned: planned.length,
    kills,
    inWindow: kills.filter(({ sent }) => sent > 0).length,
  }
}
