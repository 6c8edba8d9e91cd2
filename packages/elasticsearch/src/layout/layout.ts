import type { estypes } from '@elastic/elasticsearch'
import { ConfigurationError } from '@millrace/contracts'
import type { SearchDefinition } from '@millrace/contracts'

import type { ElasticClient } from '../client/elastic-client.ts'
import { formatVersion } from './mapping.ts'
import type { IndexMeta } from './mapping.ts'

/** One index of Elasticsearch: a segment of a build. */
export interface Segment extends IndexMeta {
  /** `<base>-v<version>-r<run>-<segment>`. */
  readonly index: string
  /** Whether new documents go to it; false while it is being closed, too. */
  readonly head: boolean
  readonly live: boolean
}

/** The segments of one build, by number. */
export interface Build {
  readonly version: number
  readonly run: number
  readonly segments: readonly Segment[]
  readonly live: boolean
}

/** The common beginning of the names of all indices of a definition; also the alias that is read. */
export function baseOf(prefix: string, { name }: Pick<SearchDefinition, 'name'>): string {
  return `${prefix}-${name}`
}

/** All indices of a definition; its name holds no dash. */
export function patternOf(base: string): string {
  return `${base}-v*`
}

/** A build's name within its index. */
export function buildName(name: string, { version, run }: Pick<Build, 'version' | 'run'>): string {
  return `${name}-v${version}-r${run}`
}

/** The name of a segment's index. */
export function indexName(
  base: string,
  { version, run, segment }: Pick<Segment, 'version' | 'run' | 'segment'>,
): string {
  return `${base}-v${version}-r${run}-${String(segment).padStart(6, '0')}`
}

/** The alias by which new documents are written to a segment. It is gone when the segment is closed. */
export const headOf = (index: string): string => `${index}-head`
/** The alias by which documents of their versions are written to a closed segment. */
export const tailOf = (index: string): string => `${index}-tail`

function isMeta(meta: unknown): meta is IndexMeta {
  return typeof meta === 'object' && meta !== null && 'millrace' in meta
}

function segmentOf(base: string, index: string, state: estypes.IndicesIndexState): Segment | undefined {
  const { _meta: meta }: { readonly _meta?: unknown } = state.mappings ?? {}
  if (!index.startsWith(`${base}-v`) || !isMeta(meta)) return undefined
  if (meta.millrace !== formatVersion)
    throw new ConfigurationError(
      `search index ${index}`,
      `is of format ${String(meta.millrace)}, newer than this release; update Millrace`,
    )
  const aliases = Object.keys(state.aliases ?? {})
  return { ...meta, index, head: aliases.includes(headOf(index)), live: aliases.includes(base) }
}

/** Every build there is, oldest first. */
export async function readBuilds(client: ElasticClient, base: string): Promise<readonly Build[]> {
  const states = await client.ask(
    async (elastic) => await elastic.indices.get({ index: patternOf(base), allow_no_indices: true }),
  )
  const segments = Object.entries(states).flatMap(([index, state]) => segmentOf(base, index, state) ?? [])
  const byBuild = Map.groupBy(segments, ({ version, run }) => `${version}/${run}`)
  return [...byBuild.values()]
    .map((unsorted) => {
      const sorted = unsorted.toSorted((a, b) => a.segment - b.segment)
      const { version = 0, run = 0 } = sorted[0] ?? {}
      return { version, run, segments: sorted, live: sorted.some(({ live }) => live) }
    })
    .toSorted((a, b) => a.version - b.version || a.run - b.run)
}

/** The build that is read. */
export function liveOf(builds: readonly Build[]): Build | undefined {
  return builds.find(({ live }) => live)
}
