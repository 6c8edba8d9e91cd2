import { ConnectionError } from '@millrace/contracts'
import type { SearchDefinition, SearchWrite } from '@millrace/contracts'

import type { ElasticClient } from '../client/elastic-client.ts'
import { headOf, liveOf, readBuilds, tailOf } from '../layout/layout.ts'
import type { Build } from '../layout/layout.ts'

/** Which build an index is about: what is read at the time, or one by its run. */
export type Target = 'live' | Pick<Build, 'version' | 'run'>

/** Finds the segment of a write by its version, from a layout that is read again when it proves old. */
export class SegmentRouter {
  readonly #client: ElasticClient
  readonly #base: string
  readonly #definition: SearchDefinition
  readonly #target: Target
  #build: Promise<Build> | undefined

  constructor(
    client: ElasticClient,
    about: { readonly base: string; readonly definition: SearchDefinition; readonly target: Target },
  ) {
    this.#client = client
    this.#base = about.base
    this.#definition = about.definition
    this.#target = about.target
  }

  /** The build as it was when it was looked at last. @throws {@link ConnectionError} where it is not there to be written */
  async build(): Promise<Build> {
    this.#build ??= this.#read()
    try {
      return await this.#build
    } catch (error) {
      this.#build = undefined
      throw error
    }
  }

  /** What was looked at is old. */
  forget(): void {
    this.#build = undefined
  }

  /**
   * The alias that a write goes to; undefined for a version whose segment was removed.
   * @throws {@link ConnectionError} while the last segment is being closed
   */
  aliasOf(build: Build, { version }: SearchWrite): string | undefined {
    const segment = build.segments.findLast(({ fromVersion }) => fromVersion <= version)
    if (segment === undefined) return undefined
    if (segment.head) return headOf(segment.index)
    if (segment === build.segments.at(-1))
      throw new ConnectionError(`search index ${segment.index} is being closed`)
    return tailOf(segment.index)
  }

  async #read(): Promise<Build> {
    const { name, version } = this.#definition
    const builds = await readBuilds(this.#client, this.#base)
    const target = this.#target
    if (target !== 'live') {
      const build = builds.find((each) => each.version === target.version && each.run === target.run)
      if (build === undefined) throw new ConnectionError(`search index ${name}: build ${target.run} is gone`)
      return build
    }
    const live = liveOf(builds)
    if (live === undefined) throw new ConnectionError(`search index ${name} is gone`)
    if (live.version !== version)
      throw new ConnectionError(
        `search index ${name} is read in version ${live.version}; this process writes version ${version}`,
      )
    return live
  }
}
