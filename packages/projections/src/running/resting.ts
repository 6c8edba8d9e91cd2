import type { ProcessorStore, ProjectionBuild, ProjectionStore } from '@millrace/contracts'

/** Who is said to have paused what is read, while a build takes its place. */
export const switchActor = 'projection switch'

/** Of each processor that is paused, who paused it. */
export async function pausersOf(
  processors: Pick<ProcessorStore, 'requests'>,
): Promise<ReadonlyMap<string, string | undefined>> {
  const paused = (await processors.requests()).filter((each) => each.paused)
  return new Map(paused.map(({ processor, pausedBy }) => [processor, pausedBy]))
}

function isForSwitch({ projection, state }: ProjectionBuild, builds: readonly ProjectionBuild[]): boolean {
  return (
    state === 'live' && builds.some((each) => each.projection === projection && each.state === 'switching')
  )
}

/**
 * What is read and rests for a switch that is no more: the build was given up, or a newer one took its place, while the
 * process that saw to it died. Nobody else would let it go on.
 */
export async function restingForNothing(
  models: Pick<ProjectionStore, 'builds'>,
  processors: Pick<ProcessorStore, 'requests'>,
): Promise<readonly ProjectionBuild[]> {
  // Before the builds: what rests by then, and is not switched afterwards, has been forgotten.
  const pausers = await pausersOf(processors)
  const builds = await models.builds()
  return builds.filter(
    (build) =>
      build.state === 'live' && pausers.get(build.processor) === switchActor && !isForSwitch(build, builds),
  )
}
