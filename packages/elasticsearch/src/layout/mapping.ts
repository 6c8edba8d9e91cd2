import type { estypes } from '@elastic/elasticsearch'
import { searchFingerprint } from '@millrace/contracts'
import type { SearchDefinition, SearchField } from '@millrace/contracts'

/** Of the layout of indices, documents and their names: docs/reference/elasticsearch-format.md. */
export const formatVersion = 1

/** What each index says of itself. */
export interface IndexMeta {
  readonly millrace: typeof formatVersion
  readonly version: number
  readonly run: number
  readonly segment: number
  readonly fromVersion: number
  /** Epoch milliseconds. */
  readonly openedAt: number
  readonly fingerprint: string
}

/** Longer leaves of a payload are kept but not searched: a term has at most 32,766 bytes. */
const longestLeaf = 8191

const properties = {
  text: { type: 'text' },
  keyword: { type: 'keyword' },
  whole: { type: 'long' },
  number: { type: 'double' },
  boolean: { type: 'boolean' },
  date: { type: 'date', format: 'strict_date_optional_time||epoch_millis' },
} as const satisfies Record<SearchField['kind'], estypes.MappingProperty>

/** The mapping of a definition: nothing but its fields is taken, and one flattened field for what is in no field. */
export function mappingOf(definition: SearchDefinition): estypes.MappingTypeMapping {
  const fields = Object.entries(definition.fields).map(
    ([name, { kind }]) => [name, properties[kind]] as const,
  )
  return {
    dynamic: 'strict',
    properties: {
      id: { type: 'keyword' },
      version: { type: 'long' },
      deletedAt: { type: 'date', format: 'epoch_millis' },
      body: { type: 'object', dynamic: 'strict', properties: Object.fromEntries(fields) },
      payload: { type: 'flattened', ignore_above: longestLeaf },
    },
  }
}

/** What an operator may set of an index. */
export interface IndexSettings {
  /** 1 to 100. More than one makes the counts of terms approximate. @defaultValue 1 */
  readonly shards?: number
  /** Copies of each shard: a number, or a range like `0-1` of which as many are made as there are nodes. @defaultValue `'0-1'` */
  readonly replicas?: number | `${number}-${number}`
  /** Milliseconds until what was written is found. @defaultValue 1000 */
  readonly refreshMs?: number
}

/** The settings of an index. */
export function settingsOf({
  shards = 1,
  replicas = '0-1',
  refreshMs = 1000,
}: IndexSettings): estypes.IndicesIndexSettings {
  return {
    number_of_shards: shards,
    ...(typeof replicas === 'number' ? { number_of_replicas: replicas } : { auto_expand_replicas: replicas }),
    refresh_interval: `${refreshMs}ms`,
  }
}

/** The part of an index's mapping that is its own. */
export function metaOf(
  definition: SearchDefinition,
  own: Pick<IndexMeta, 'run' | 'segment' | 'fromVersion' | 'openedAt'>,
): IndexMeta {
  return {
    millrace: formatVersion,
    version: definition.version,
    ...own,
    fingerprint: searchFingerprint(definition),
  }
}
