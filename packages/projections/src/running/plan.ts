import type { BuildPlan, ProjectionBuild } from '@millrace/contracts'

import type { Projection } from '../definition/projection.ts'

/** What a build of a projection is made from. */
export function planOf(
  projection: Projection,
  by: string,
  partitions: number = projection.partitions,
): BuildPlan {
  const { name, version, form, tables, script } = projection
  return { projection: name, version, form, partitions, tables, script, by }
}

/** The definitions that can feed builds: each projection and what it follows. */
export class Definitions {
  readonly #current: ReadonlyMap<string, Projection>

  constructor(projections: readonly Projection[]) {
    this.#current = new Map(projections.map((projection) => [projection.name, projection]))
  }

  /** What is to be live. */
  get current(): readonly Projection[] {
    return [...this.#current.values()]
  }

  /** The newest definition of a projection. */
  named(name: string): Projection | undefined {
    return this.#current.get(name)
  }

  /** The definition that a build was made from, if it is still at hand. */
  of({ projection, version }: ProjectionBuild): Projection | undefined {
    let found = this.#current.get(projection)
    while (found !== undefined && found.version !== version) found = found.previous
    return found
  }
}

/** The build that is read. */
export function liveBuild(
  builds: readonly ProjectionBuild[],
  projection: string,
): ProjectionBuild | undefined {
  return builds.find((build) => build.projection === projection && build.state === 'live')
}

/** The build that is under way. */
export function nextBuild(
  builds: readonly ProjectionBuild[],
  projection: string,
): ProjectionBuild | undefined {
  return builds.find(
    ({ projection: name, state }) => name === projection && (state === 'building' || state === 'switching'),
  )
}
