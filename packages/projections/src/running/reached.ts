import { comparePositions } from '@millrace/contracts'
import type { Position, ProjectionBuild } from '@millrace/contracts'
import { pause } from '@millrace/processing'

import { liveBuild } from './plan.ts'
import type { ProjectionsOptions } from './projections-options.ts'

/** What is waited in. */
interface ReachedParts extends Pick<ProjectionsOptions, 'models' | 'processors' | 'runtime'> {
  readonly signal: AbortSignal
}

/** After so long the build that is read is looked for again: another may have taken its place. */
const sliceMs = 250
const lookMs = 50

async function isStored(
  { processors }: ReachedParts,
  build: ProjectionBuild,
  position: Position,
): Promise<boolean> {
  const partitions = (await processors.status()).filter(({ processor }) => processor === build.processor)
  return (
    partitions.length >= build.partitions &&
    partitions.every(({ checkpoint }) => comparePositions(checkpoint, position) >= 0)
  )
}

async function isReached(
  parts: ReachedParts,
  build: ProjectionBuild,
  { position, timeoutMs }: { readonly position: Position; readonly timeoutMs: number },
): Promise<boolean> {
  const { runtime } = parts
  if (runtime?.runs(build.processor) === true)
    return await runtime.reached(build.processor, position, { timeoutMs: Math.min(timeoutMs, sliceMs) })
  if (await isStored(parts, build, position)) return true
  await pause(Math.min(timeoutMs, lookMs), parts.signal)
  return false
}

/** Waits until all partitions of what is read are at or past a position, whichever build that is by then. */
export async function hasReached(
  parts: ReachedParts,
  projection: string,
  { position, timeoutMs }: { readonly position: Position; readonly timeoutMs: number },
): Promise<boolean> {
  const until = performance.now() + timeoutMs
  for (;;) {
    const leftMs = Math.max(0, until - performance.now())
    const live = liveBuild(await parts.models.builds(), projection)
    if (live !== undefined && (await isReached(parts, live, { position, timeoutMs: leftMs }))) return true
    if (live === undefined) await pause(Math.min(leftMs, lookMs), parts.signal)
    if (leftMs === 0 || parts.signal.aborted) return false
  }
}
