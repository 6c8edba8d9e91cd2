import type { JsonValue, Schema } from '@millrace/contracts'

import type { ConditionType } from '../condition/condition-type.ts'
import { typeFromSchema } from '../condition/type-from-schema.ts'
import type { Template } from '../template/compile-template.ts'
import { valueText } from '../template/value-text.ts'

/** Reads one thing by its key. */
export interface LookupSource {
  /** Undefined or null where there is none. */
  readonly load: (
    key: string,
    context: { readonly signal: AbortSignal; readonly tenant: string | undefined },
  ) => Promise<unknown>
  /** Of what it finds. @defaultValue nothing is known of it */
  readonly schema?: Schema
}

/** A keyed read of an observer. */
export interface LookupDefinition {
  /** What reads, or the name of one that the application gave. */
  readonly from: LookupSource | string
  /** A template: `{{ data.customerId }}`. Nothing is read where it comes out empty. */
  readonly key: string
  /** Milliseconds a result is used again; 0 looks it up each time. @defaultValue 60_000 */
  readonly ttlMs?: number
  /** Templates of what the result depends on: whoever invalidates such a tag of the cache has it looked up anew. @defaultValue none */
  readonly tags?: readonly string[]
}

/** What look-ups go through: the `Cache` of @millrace/contracts, as far as they need it. */
export interface LookupCache {
  getOrLoad<T extends JsonValue | undefined>(
    key: string,
    load: () => Promise<T>,
    options: LookupCacheOptions,
  ): Promise<T>
}

/** How a result is kept. */
export interface LookupCacheOptions {
  readonly ttlMs: number
  readonly tags?: readonly string[]
}

/** A look-up, ready to be made. */
export interface PreparedLookup {
  readonly name: string
  readonly type: ConditionType
  readonly key: Template
  readonly tags: readonly Template[]
  readonly read: (key: string, at: LookupPlace) => Promise<unknown>
}

/** For whom something is looked up. */
export interface LookupPlace {
  readonly tenant: string | undefined
  readonly signal: AbortSignal
  /** What the result depends on. */
  readonly tags?: readonly string[]
}

/** The type of what a source finds. */
export function lookupType({ schema }: LookupSource): ConditionType {
  return typeFromSchema(schema)
}

/**
 * A reader that goes through the cache.
 * @param space keeps results of different sources apart
 */
export function cachedRead(
  source: LookupSource,
  options: { readonly cache: LookupCache | undefined; readonly space: string; readonly ttlMs: number },
): PreparedLookup['read'] {
  const { cache, space, ttlMs } = options
  return async (key, { tenant, signal, tags = [] }) => {
    const load = async (): Promise<JsonValue> =>
      ((await source.load(key, { signal, tenant })) ?? null) as JsonValue
    if (cache === undefined || ttlMs === 0) return await load()
    // One tenant must never be shown what was looked up for another.
    return await cache.getOrLoad(`lookup:${JSON.stringify([space, tenant ?? null, key])}`, load, {
      ttlMs,
      ...(tags.length === 0 ? {} : { tags }),
    })
  }
}

/** Makes the look-ups of a rule, at once. */
export async function lookUp(
  lookups: readonly PreparedLookup[],
  values: Readonly<Record<string, unknown>>,
  at: LookupPlace,
): Promise<Readonly<Record<string, unknown>>> {
  const found = await Promise.all(
    lookups.map(async ({ name, key, tags, read }) => {
      const text = valueText(key.render(values))
      const tagged = { ...at, tags: tags.map((tag) => valueText(tag.render(values))) }
      return [name, text === '' ? null : await read(text, tagged)] as const
    }),
  )
  return Object.fromEntries(found)
}
