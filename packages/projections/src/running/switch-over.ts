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

/** What a switch works with. */
export interface SwitchParts {
  readonly models: ProjectionStore
  readonly processors: ProcessorStore
  readonly runtime: ProcessorRuntime
  readonly log: EventLog<StoredEvent>
  readonly switchMs: number
  readonly signal: AbortSignal
}

/** Who is said to have paused the build that is read. */
const switchActor = 'projection switch'
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

async function isPaused(processors: ProcessorStore, processor: string): Promise<boolean> {
  return (await processors.requests()).some((each) => each.processor === processor && each.paused)
}

/** Whether a build has come to the end of the log, as it is now. */
async function isNear({ runtime, log }: SwitchParts, { processor }: ProjectionBuild): Promise<boolean> {
  return await runtime.reached(processor, await log.head(), { timeoutMs: nearMs })
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

async function isSwitched(models: ProjectionStore, { processor }: ProjectionBuild): Promise<boolean> {
  return (await models.builds()).some((build) => build.processor === processor && build.state === 'live')
}

/**
 * Puts a build that has caught up in the place of what is read. Meanwhile what is read rests, so that no reader ever sees
 * less than before; if that takes too long it goes on, and the switch is put off. Each step is durable and may be done by
 * any process, again after a crash.
 *
 * @returns whether the build is live now
 */
export async function switchOver(
  parts: SwitchParts,
  next: ProjectionBuild,
  live: ProjectionBuild | undefined,
): Promise<boolean> {
  const { models, processors, runtime } = parts
  const begun = next.state === 'switching'
  // An operator's pause is not ours to end: what is paused is not switched.
  if (live !== undefined && !begun && (await isPaused(processors, live.processor))) return false
  if (!begun && !(await isNear(parts, next))) return false
  if (!(await models.beginSwitch(next))) return false
  try {
    if (live !== undefined) {
      await runtime.pause(live.processor, switchActor)
      await waitUntilEqual(parts, next, live)
    } else await models.finishSwitch(next)
  } finally {
    if (!(await isSwitched(models, next))) {
      // In this order: a crash in between leaves a switch that goes on, not a projection that rests for ever.
      if (live !== undefined) await runtime.resume(live.processor, switchActor)
      await models.abortSwitch(next)
    }
  }
  return await isSwitched(models, next)
}
