import { comparePositions } from '@millrace/contracts'
import type {
  EventLog,
  PartitionStatus,
  Position,
  ProcessorStore,
  ProjectionBuild,
  ProjectionStore,
  StoredEvent,
} from '@millrace/contracts'
import { pause } from '@millrace/processing'
import type { ProcessorRuntime } from '@millrace/processing'

import { pausersOf, switchActor } from './resting.ts'

/** What a switch works with. */
export interface SwitchParts {
  readonly models: ProjectionStore
  readonly processors: ProcessorStore
  readonly runtime: ProcessorRuntime
  readonly log: EventLog<StoredEvent>
  readonly switchMs: number
  readonly signal: AbortSignal
}

/** `waiting`: it is not its turn yet. `put-off`: what is read rested for nothing, and goes on. */
export type SwitchOutcome = 'done' | 'waiting' | 'put-off'

const lookMs = 20
const nearMs = 250

function furthest(partitions: readonly PartitionStatus[]): Position | undefined {
  const [first, ...rest] = partitions.map(({ checkpoint }) => checkpoint)
  return first && rest.reduce((a, b) => (comparePositions(a, b) < 0 ? b : a), first)
}

async function partitionsOf(
  processors: ProcessorStore,
  processor: string,
): Promise<readonly PartitionStatus[]> {
  return (await processors.status()).filter((each) => each.processor === processor)
}

async function isPausedByOperator(processors: ProcessorStore, processor: string): Promise<boolean> {
  const pausers = await pausersOf(processors)
  return pausers.has(processor) && pausers.get(processor) !== switchActor
}

/** Whether a build has come to the end of the log, as it is now. */
async function isNear({ runtime, log }: SwitchParts, { processor }: ProjectionBuild): Promise<boolean> {
  return await runtime.reached(processor, await log.head(), { timeoutMs: nearMs })
}

async function stateOf(
  models: ProjectionStore,
  { processor }: ProjectionBuild,
): Promise<ProjectionBuild['state'] | undefined> {
  return (await models.builds()).find((build) => build.processor === processor)?.state
}

/**
 * Whether the build still waits for its turn, and no operator paused what is read; that is made to rest, also where an
 * operator resumed it.
 */
async function isResting(
  { models, processors, runtime }: SwitchParts,
  next: ProjectionBuild,
  live: ProjectionBuild,
): Promise<boolean> {
  if ((await stateOf(models, next)) !== 'switching') return false
  const pausers = await pausersOf(processors)
  if (pausers.has(live.processor)) return pausers.get(live.processor) === switchActor
  // One that never ran is not known, and rests.
  await runtime.pause(live.processor, switchActor)
  return true
}

/** Waits until nobody writes to what is read any more, and the build that follows has seen as much. */
async function waitUntilEqual(
  parts: SwitchParts,
  next: ProjectionBuild,
  live: ProjectionBuild,
): Promise<void> {
  const { processors, runtime, signal } = parts
  const until = performance.now() + parts.switchMs
  while (!signal.aborted && performance.now() < until) {
    if (!(await isResting(parts, next, live))) return
    const resting = await partitionsOf(processors, live.processor)
    if (resting.every(({ owner }) => owner === undefined)) {
      const at = furthest(resting)
      if (at === undefined || (await runtime.reached(next.processor, at, { timeoutMs: nearMs }))) {
        // What it only passed over is made durable: the switch compares what is stored.
        runtime.wake()
        if (await parts.models.finishSwitch(next)) return
      }
    }
    await pause(lookMs, signal)
  }
}

/** In this order: a crash in between leaves a switch that goes on, not a projection that rests for ever. */
async function putOff(
  { models, processors, runtime }: SwitchParts,
  next: ProjectionBuild,
  live: ProjectionBuild | undefined,
): Promise<void> {
  // An operator who paused it meanwhile meant it.
  if (live !== undefined && !(await isPausedByOperator(processors, live.processor)))
    await runtime.resume(live.processor, switchActor)
  await models.abortSwitch(next)
}

/**
 * Puts a build that has caught up in the place of what is read. Meanwhile what is read rests, so that no reader ever sees
 * less than before; if that takes too long it goes on, and the switch is put off. Each step is durable and may be done by
 * any process, again after a crash.
 */
export async function switchOver(
  parts: SwitchParts,
  next: ProjectionBuild,
  live: ProjectionBuild | undefined,
): Promise<SwitchOutcome> {
  const { models, processors } = parts
  const begun = next.state === 'switching'
  // An operator's pause is not ours to end: what is paused is not switched.
  if (live !== undefined && !begun && (await isPausedByOperator(processors, live.processor))) return 'waiting'
  if (!begun && !(await isNear(parts, next))) return 'waiting'
  if (!(await models.beginSwitch(next))) return 'waiting'
  try {
    if (live === undefined) await models.finishSwitch(next)
    else await waitUntilEqual(parts, next, live)
  } finally {
    if ((await stateOf(models, next)) !== 'live') await putOff(parts, next, live)
  }
  return (await stateOf(models, next)) === 'live' ? 'done' : 'put-off'
}
